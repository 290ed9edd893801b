"""Untrusted text on a terminal and in cells: control characters are visible or removed, so it cannot forge output."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.printable import printable, without_controls

ODD = st.text(
    st.characters() | st.sampled_from("\x00\x07\x1b\x7f\x85\x9b\n\r\t\u2028\u202e\u2066\ufeff\ud800"), max_size=50
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("deals.csv", "deals.csv"),
        ("Société «コンタクト» \U0001f600", "Société «コンタクト» \U0001f600"),
        ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("x\nError: forged", r"x\nError: forged"),
        ("x\r\n\ty", r"x\r\n\ty"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("gpj\u202eexe.csv", r"gpj\u202eexe.csv"),
        ("a\u2066b\u2028c\ufeff", r"a\u2066b\u2028c\ufeff"),
        ("\udc80\x00", r"\udc80\x00"),
        ("C:\\new\\table.csv", "C:\\new\\table.csv"),
    ],
)
def test_control_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ODD)
def test_a_printable_text_is_one_line_of_visible_characters(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert shown.splitlines() == ([shown] if shown else [])
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


@given(ODD)
def test_escaping_twice_is_the_same_as_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert without_controls(without_controls(text)) == without_controls(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one\ntwo", "one two"),
        ("one \r\n\t two", "one two"),
        ("a\x00b\x1b[31mc\x9b", "ab[31mc"),
        ("\u202egnp.exe", "gnp.exe"),
        ("コンタクト\u3000\U0001f600", "コンタクト\u3000\U0001f600"),
    ],
)
def test_a_cell_keeps_the_words_without_control_characters(text: str, kept: str) -> None:
    assert without_controls(text) == kept
