r"""Escaping of untrusted text for terminals, log lines and cells.

A file name, a header or a server's message may contain escape sequences that move the cursor, line breaks that forge a
line of output, or marks that reverse the reading direction.
"""

import re

_CONTROLS = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible or reordering
    "\U000e0000-\U000e007f"  # invisible tags
)
"""Characters that `str.isprintable` rejects, except the spaces and joiners that some scripts need."""

INVISIBLE = _CONTROLS + "\u200c\u200d\ud800-\udfff"
"""Content of a `re` character class that matches all invisible characters, including joiners and surrogates."""

_CONTROL = re.compile(f"[{_CONTROLS}]")
_UNPRINTABLE = re.compile(f"[{_CONTROLS}\ud800-\udfff]")  # surrogates cannot be encoded
_LINE_BREAK = re.compile("[ ]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+[ ]*")


def printable(text: str) -> str:
    r"""Return `text` as one line with control characters escaped: a line break as `\n`, an escape as `\x1b`."""
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def without_controls(text: str) -> str:
    """Return `text` with line breaks and tabs replaced by a space and all other control characters removed."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", _LINE_BREAK.sub(" ", text))
