"""Quotation marks that do not follow RFC 4180: an unambiguous reading or an invalid row, never a wrong pair."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.model import SourceRow
from importer.reader import open_source
from tests.support.blocks import rows_of
from tests.support.errors import raises

LINKS = Reading("contacts", "companies")
HEADER = "Contact ID,Name,Company ID,Note,City\n"


def read(tmp_path: Path, text: str, reading: Reading = LINKS) -> list[SourceRow]:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    with open_source(path, reading) as source:
        return rows_of(source.blocks())


def outcomes(rows: list[SourceRow]) -> list[str]:
    """Return each row's pairs (`1>2`) or problem codes."""
    return [
        " ".join([f"{pair.from_id}>{pair.to_id}" for pair in row.pairs] + [problem.code for problem in row.problems])
        for row in rows
    ]


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ('1001, "Acme, 4001, LLC", 5002', "1001>5002"),
        ('1001, "Acme, 4001, LLC" ,5002,x,y', "1001>5002"),
        ('"1001" , "Acme ""4001"", LLC" , "5002"', "1001>5002"),
        ('1001,"He said ""hi""",5002,x,y', "1001>5002"),
        ('1001,5" pipe,5002,x,y', "1001>5002"),
        ('1001,5" pipe,5002,3" bolt,y', "1001>5002"),
        ('1001,Acme "West" Ltd,5002,x,y', "1001>5002"),
        ('1001,חברה בע"מ,5002,עוד בע"מ,y', "1001>5002"),
        ("1001,O'Brien,5002,x,y", "1001>5002"),
        ("1001,'s-Hertogenbosch,5002,x,y", "1001>5002"),
        ("1001,'Acme',5002,x,y", "1001>5002"),
        ('1001, "Acme, 4001, LLC, 5002', "STRAY_QUOTE"),
        ('1001,Acme "West, 4001, LLC" x,5002', "STRAY_QUOTE"),
        ('1001,Acme"West, 4001, LLC",5002', "STRAY_QUOTE"),
        ('1001,"Acme" West, 4001,5002,x', "STRAY_QUOTE"),
        ('1001, "Acme" West, 4001,5002,x', "STRAY_QUOTE"),
        ('1001,"Acme \\", 4001, LLC",5002', "STRAY_QUOTE"),
        ('1001,"He said \\"hi\\", 4001",5002', "STRAY_QUOTE"),
        ("1001,'Acme, 4001, LLC',5002", "STRAY_QUOTE"),
        ("1001, 'Acme, 4001, LLC', 5002", "STRAY_QUOTE"),
        ("1001,“Acme, 4001, LLC”,5002", "STRAY_QUOTE"),
        ("1001,„Acme, 4001, LLC“,5002", "STRAY_QUOTE"),
        ("1001,«Acme, 4001, LLC»,5002", "STRAY_QUOTE"),
        ("1001,'Acme ''A'', 4001, LLC',5002", "STRAY_QUOTE"),
        ("1001,'''A'', 4001, LLC',5002", "STRAY_QUOTE"),
        ("1001,'Acme, 4001, LLC' ,5002", "STRAY_QUOTE"),
        ("1001,'Acme, 4001,',5002", "STRAY_QUOTE"),
        ("1001,\t'Acme, 4001, LLC'\xa0,5002", "STRAY_QUOTE"),
        ("1001,“Acme “A”, 4001, LLC”,5002", "STRAY_QUOTE"),
        ("1001,'Acme ''A''',5002,x,y", "1001>5002"),
        ("1001,'Acme' & 'Co',5002,'x',y", "1001>5002"),
        ("1001,''Acme'',5002,''x'',y", "1001>5002"),
        ("1001,'',5002,'',y", "1001>5002"),
        ("1001,&quot;Acme&quot;,5002,x,y", "1001>5002"),
        *(
            (f"1001,{marks[0]}Acme, 4001, LLC{marks[1]},5002", "STRAY_QUOTE")
            for marks in [
                "``",
                "`'",
                "»«",
                "»»",
                "””",
                "「」",
                "『』",
                "‹›",
                "›‹",
                "″″",
                "＂＂",
                "‚‘",
                "〝〟",
            ]
        ),
        ("1001,&quot;Acme, 4001, LLC&quot;,5002", "STRAY_QUOTE"),
        ("1001,&#39;Acme, 4001, LLC&#39;,5002", "STRAY_QUOTE"),
    ],
)
def test_a_row_with_odd_marks_is_unambiguous_or_the_only_invalid_one(tmp_path: Path, row: str, outcome: str) -> None:
    rows = read(tmp_path, f"{HEADER}1,a,2,b,c\n{row}\n3,d,4,e,f\n")
    assert outcomes(rows) == ["1>2", outcome, "3>4"]
    assert [row.number for row in rows] == [2, 3, 4]


def test_a_quotation_by_other_marks_may_open_the_first_cell(tmp_path: Path) -> None:
    rows = read(tmp_path, "Name,Contact ID,Company ID,Tag\n'Acme, 4001, 77',1001,5002\nx,1,2,y\n")
    assert outcomes(rows) == ["STRAY_QUOTE", "1>2"]


@pytest.mark.parametrize(
    ("split", "rows"),
    [
        ("1001,“Call\n4001, now”,5001\n", 2),
        ("1001,'Call him\n5551234, ask for Bob',5001\n", 2),
        ("1001,“Call, me\n4001, now”,5001\n", 2),
        ("1001,“Call\n4001,x,5002\nnow”,5001\n", 3),
        ("1001,«Call\n\n4001, now»,5001\n", 2),
        ("1001,&quot;Call\n4001, now&quot;,5001\n", 2),
    ],
)
@pytest.mark.parametrize("rows_before", [0, 497, 498, 499])
def test_a_cell_of_several_lines_in_other_marks_makes_each_of_its_rows_invalid(
    tmp_path: Path, split: str, rows: int, rows_before: int
) -> None:
    text = "Contact ID,Note,Company ID\n" + "1,a,2\n" * rows_before + split + "3,d,4\n" * 9
    found = outcomes(read(tmp_path, text))
    assert found[:rows_before] + found[-9:] == ["1>2"] * rows_before + ["3>4"] * 9
    assert set(found[rows_before:-9]) == {"STRAY_QUOTE"}
    assert len(found) == rows_before + rows + 9


@pytest.mark.parametrize("split", ['1001,"pipe 5\\"\n4001, cut 6",5001\n', '1001,"Rohr 5"\n4001,9022693",5001\n'])
@pytest.mark.parametrize("rows_before", [0, 497, 498, 499])
def test_a_cell_that_continues_after_its_apparent_end_never_causes_a_wrong_pair(
    tmp_path: Path, split: str, rows_before: int
) -> None:
    text = "Contact ID,Note,Company ID\n" + "1,a,2\n" * rows_before + split + "3,d,4\n" * 9
    found = outcomes(read(tmp_path, text))
    assert found == ["1>2"] * rows_before + ["MISSING_ID", "STRAY_QUOTE"] + ["3>4"] * 9


@pytest.mark.parametrize("name", ["'s-Hertogenbosch", "'123", "“x”", "”x”", "’n"])
def test_an_apostrophe_at_the_start_of_a_cell_does_not_affect_other_rows(tmp_path: Path, name: str) -> None:
    rows = read(tmp_path, HEADER + f"1,{name},2,b,c\n'3,d,'4,e,f\n" * 400)
    assert outcomes(rows) == ["1>2", "3>4"] * 400


def test_spaces_are_skipped_only_before_quotation_marks(tmp_path: Path) -> None:
    (row,) = read(tmp_path, HEADER + '1001, "Acme", 5002, x, y\n')
    assert row.cells == ("1001", "Acme", " 5002", " x", " y")


def test_a_header_may_have_quotation_marks_after_spaces(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"Contact ID", "Name, full", "Company ID"\n1, "x, y", 2\n', encoding="utf-8")
    with open_source(path, LINKS) as source:
        assert source.header == ("Contact ID", "Name, full", "Company ID")
        assert outcomes(rows_of(source.blocks())) == ["1>2"]


def test_a_header_with_a_stray_mark_is_rejected_with_its_row(tmp_path: Path) -> None:
    with raises(SourceError, "HEADER_STRAY_QUOTE"):
        read(tmp_path, '\nContact ID,"Name" x,Company ID\n1,a,2\n')


@pytest.mark.parametrize("rows_before", [0, 400, 498, 499, 500, 1200])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_unclosed_mark_makes_only_its_row_invalid(tmp_path: Path, rows_before: int, end: str) -> None:
    good = "1,a,2,b,c\n"
    text = HEADER + good * rows_before + '1001,"Acme,4001,x,y\n' + good * 700
    rows = read(tmp_path, text.replace("\n", end))
    assert outcomes(rows) == ["1>2"] * rows_before + ["STRAY_QUOTE"] + ["1>2"] * 700
    assert [row.number for row in rows] == list(range(2, 703 + rows_before))


def test_rows_swallowed_by_an_opening_mark_never_make_a_pair(tmp_path: Path) -> None:
    swallowed = '1001,"Acme,4001,x,y\n1002,Bolt,4002,x,y\n1003,Beta",4003,x,y\n'
    (row, good) = read(tmp_path, f"{HEADER}{swallowed}3,d,4,e,f\n")
    assert outcomes([row, good]) == ["STRAY_QUOTE", "3>4"]
    assert "1002,Bolt,4002" in row.cells[1]


def test_marks_in_lines_that_a_malformed_quotation_spans_make_them_invalid_too(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + '1001,"Acme\n1002,Beta "x" y",5002,x,y\n1003,c,5003,x,y\n')
    assert outcomes(rows) == ["STRAY_QUOTE", "STRAY_QUOTE", "1003>5003"]


@pytest.mark.parametrize("note", ["12 Main St\nSpringfield, IL, USA", "a\n\nb", "x\n3,4", '"\n",', "\r\n,,,,\r\n"])
def test_a_quoted_cell_of_several_lines_stays_one_cell(tmp_path: Path, note: str) -> None:
    cell = note.replace('"', '""')
    rows = read(tmp_path, f'from_id,to_id,note\n1,2,"{cell}"\n' * 1 + f'5,6,"{cell}"\n' * 600)
    assert {row.cells[2] for row in rows} == {note}
    assert outcomes(rows) == ["1>2"] + ["5>6"] * 600


@pytest.mark.parametrize("note", ["two\nlines", "a\n\nb", "x\r\ny", "3,4\nlines"])
def test_a_note_of_several_lines_before_the_ids_stays_one_cell(tmp_path: Path, note: str) -> None:
    rows = read(tmp_path, f'note,from_id,to_id\n"{note}",1,2\nplain,3,4\n')
    assert outcomes(rows) == ["1>2", "3>4"]
    assert rows[0].cells[0] == note


def test_a_row_swallowed_before_the_ids_is_not_lost(tmp_path: Path) -> None:
    rows = read(tmp_path, 'note,from_id,to_id\n"Acme,1,2\nx",3,4\n')
    assert outcomes(rows) == ["STRAY_QUOTE"]


def test_a_suspect_row_is_still_invalid_when_written_and_read_back(tmp_path: Path) -> None:
    text = HEADER + '1001,Acme "West, 4001, LLC" x,5002\n1001,"Acme" W, 4001,5002,x\n1001,see\n77,4001,x,y\n'
    rows = read(tmp_path, text)
    assert outcomes(rows) == ["STRAY_QUOTE", "STRAY_QUOTE", "SPLIT_ROW", "SPLIT_ROW"]
    assert rows[0].cells[5:] == ('1001,Acme "West, 4001, LLC" x,5002',)
    again = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row.cells) + "\n" for row in rows)
    assert {row.pairs for row in read(tmp_path, HEADER + again)} == {()}


@pytest.mark.slow
def test_a_mark_that_swallows_many_rows_uses_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reader.files.quoting.MAX_CELL", 1 << 13)
    rows = read(tmp_path, 'from_id,to_id\n3,"\n' + "5,6\n" * 6_000)
    assert outcomes(rows[:2]) == ["STRAY_QUOTE", "5>6"]
    assert len(rows) == 6_001
