"""Texts of numeric cells that look like ids but may not be the ids that were stored."""

from typing import ClassVar

EXACT_DIGITS = 15
"""Digits that a spreadsheet number holds exactly. Source: Microsoft, "Excel specifications and limits"."""

AS_TEXT = "In Excel, format the column as Text and paste the ids again from HubSpot."
_AS_INTEGERS = "Read the column as text or int64 from the original data."


class LossyNumber(str):
    """The text, in scientific notation, of a number with more digits than its type holds exactly.

    It is never accepted as an id, nor is its text when it is read back from a results file.
    """

    __slots__ = ()
    code: ClassVar = "LOST_PRECISION"
    sentence: ClassVar = "{} was stored as a number, which holds only 15 digits; the last ones may be wrong."
    advice: ClassVar = AS_TEXT


class LossySingle(LossyNumber):
    """A 32-bit float, which has a 24-bit significand. Source: IEEE 754, binary32."""

    __slots__ = ()
    sentence: ClassVar = "{} was stored as a float32, which is exact only below 16,777,216; its digits may be wrong."
    advice: ClassVar = _AS_INTEGERS


class LossyHalf(LossyNumber):
    """A 16-bit float, which has an 11-bit significand. Source: IEEE 754, binary16."""

    __slots__ = ()
    sentence: ClassVar = "{} was stored as a float16, which is exact only below 2,048; its digits may be wrong."
    advice: ClassVar = _AS_INTEGERS


class UncertainValue(LossyNumber):
    """The text of a cell of undefined type or style; a whole number is in scientific notation."""

    __slots__ = ()
    code: ClassVar = "UNCERTAIN_VALUE"
    sentence: ClassVar = "{} is in a cell whose type or format the workbook does not define; it may be a date."
    advice: ClassVar = "Open the workbook in a spreadsheet program, check this cell and save the workbook again."


class DifferingText(UncertainValue):
    """The displayed and the stored text of a cell, joined, when their digits differ."""

    __slots__ = ()
    sentence: ClassVar = "{}: the cell shows the first text but stores the second; it is unclear which one is meant."
    advice: ClassVar = "Enter the value of this cell again and save the workbook."
