"""Texts of numeric cells that look like ids but are not certain to be the ids that were meant."""

from typing import ClassVar

AS_TEXT = "In Excel, format the column as Text and paste the ids again from HubSpot."
_AS_INTEGERS = "Read the column as text or int64 from the original data."


class LossyNumber(str):
    """The text, in scientific notation, of a number with more digits than its type holds exactly.

    It is never an id, and neither is its text when it is read again.
    """

    __slots__ = ()
    code: ClassVar = "LOST_PRECISION"
    sentence: ClassVar = "{} was kept as a number, which holds only 15 digits; the last ones may be wrong."
    advice: ClassVar = AS_TEXT


class LossySingle(LossyNumber):
    """A number of 32 bits: 24 of them are digits. Source: IEEE 754, binary32."""

    __slots__ = ()
    sentence: ClassVar = "{} was kept as a float32, which is exact only below 16,777,216; its digits may be wrong."
    advice: ClassVar = _AS_INTEGERS


class LossyHalf(LossyNumber):
    """A number of 16 bits: 11 of them are digits. Source: IEEE 754, binary16."""

    __slots__ = ()
    sentence: ClassVar = "{} was kept as a float16, which is exact only below 2,048; its digits may be wrong."
    advice: ClassVar = _AS_INTEGERS


class UncertainValue(LossyNumber):
    """The text of a cell whose kind or style the workbook does not define; a whole number in scientific notation."""

    __slots__ = ()
    code: ClassVar = "UNCERTAIN_VALUE"
    sentence: ClassVar = "{} is in a cell of a kind or format that the workbook does not define; it may be a date."
    advice: ClassVar = "Open the workbook in a spreadsheet program, check this cell and save the workbook again."


class DifferingText(UncertainValue):
    """What a cell shows and what it stores, both in one text, when they are not the same."""

    __slots__ = ()
    sentence: ClassVar = "{}: the cell shows the first and stores the second; which of them is meant is not certain."
    advice: ClassVar = "Type the value of this cell again and save the workbook."
