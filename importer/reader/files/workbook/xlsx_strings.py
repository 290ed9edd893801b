"""Shared strings of an XLSX workbook, and their escapes."""

import re
from xml.parsers import expat

from importer.reader.files.workbook.package import Attributes

_ESCAPE = re.compile(r"_x(D[89AB][0-9A-F]{2})__x(D[C-F][0-9A-F]{2})_|_x(?!D[89A-F])([0-9A-F]{4})_", re.IGNORECASE)


class StringsParser:
    """A parser of the shared strings, without phonetic readings of Japanese words (`rPh`)."""

    def __init__(self) -> None:
        self.strings: list[str] = []

    def set_handlers(self, parser: expat.XMLParserType) -> None:
        """Register the handlers of this object with a parser."""
        text: list[str] = []
        whole: list[str] = []
        strings = self.strings
        in_reading = False

        def start(tag: str, _: Attributes) -> None:
            nonlocal in_reading
            text.clear()
            if tag.endswith("rPh"):
                in_reading = True

        def end(tag: str) -> None:
            nonlocal in_reading
            local = tag.rpartition(":")[2] if ":" in tag else tag
            if local == "t":
                if not in_reading:
                    whole.append(unescaped("".join(text)))
            elif local == "si":
                strings.append("".join(whole))
                whole.clear()
            elif local == "rPh":
                in_reading = False

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text.append


def unescaped(text: str) -> str:
    """Return the text with its `_x000D_` escapes resolved. Source: ECMA-376, part 1, 22.4.2.4 bstr.

    A lone UTF-16 surrogate is not a character and stays escaped.
    """
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(escape: re.Match[str]) -> str:
    if escape[3]:
        return chr(int(escape[3], 16))
    return bytes.fromhex(escape[1] + escape[2]).decode("utf-16-be")
