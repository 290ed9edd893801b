"""How messages show what a file holds."""

_LONGEST = 60


def visible(text: str) -> str:
    """Return a text as a message can show it: at most 60 characters, with what cannot be seen written out."""
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "…")


def printable(text: str) -> str:
    """Return a text with what cannot be seen written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """Return a text in quotes for a message, made visible."""
    return f"'{visible(text)}'"
