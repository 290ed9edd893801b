r"""Text from outside made harmless: for a terminal or a log line, and for a cell.

A file name, a header or a server's message may contain escape sequences that move the cursor, line breaks that forge a
line of ours, or marks that reverse the reading direction.
"""

import re

_CONTROLS = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible or reordering
    "\U000e0000-\U000e007f"  # invisible tags
)
"""What `str.isprintable` refuses, without the spaces and joiners that scripts need."""

INVISIBLE = _CONTROLS + "\u200c\u200d\ud800-\udfff"
"""A set for `re` of all characters that do not show: also joiners, and halves of characters."""

_CONTROL = re.compile(f"[{_CONTROLS}]")
_UNPRINTABLE = re.compile(f"[{_CONTROLS}\ud800-\udfff]")  # halves of characters cannot be encoded
_BREAK = re.compile("[ ]*[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+[ ]*")


def printable(text: str) -> str:
    r"""Return `text` as one line that shows what it contains: a line break as `\n`, an escape as `\x1b`."""
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def without_controls(text: str) -> str:
    """Return `text` with line breaks and tabs replaced by a space and all other control characters removed."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", _BREAK.sub(" ", text))
