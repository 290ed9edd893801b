"""How messages show what a file holds."""


def quoted(text: str) -> str:
    """Return a text in quotes for a message: at most 60 characters, with what cannot be seen written out."""
    shown = text if len(text) <= 60 else text[:57] + "…"
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    return f"'{visible}'"
