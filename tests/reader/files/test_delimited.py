"""Text files: encodings, delimiters, broken rows, sizes."""

import csv
import io
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader import open_source
from importer.reader.files.encodings import detect_encoding
from tests.support.blocks import rows_of

JAPANESE = (
    "コンタクトID,会社ID\n101,201\n",
    "レコードID,関連付けられた会社ID,備考\r\n101,201;202,重要\r\n",
    "from_object_id,to_object_id,氏名\n101,201,山田太郎\n102,202,佐藤花子\n",
    "コンタクトID,会社ID,ﾒﾓ\n1,2,ｶﾌﾞｼｷｶﾞｲｼｬ\n",
    "from_object_id,to_object_id,備考\n1,2,済み\n",
)
WESTERN = (
    "Kontakt-Nr.;Unternehmen;Größe\n1;2;Müller\n",
    "from_id,to_id,Société\n1,2,Éloïse\n",
    "from_id,to_id,name\n1,2,Núñez\n3,4,José García\n",
    "from_id,to_id,name\n1,2,Zoë\n",
    "from_id,to_id,name\n1,2,“Smith” – it’s €5\n",
)


WORDS = (
    "Générale",
    "São Paulo",
    "£100",
    "Béla",
    "Thérèse",
    "Léa",
    "Måns",
    "Pål",
    "Vélo",
    "Käse",
    "Zoé",
    "20°",
    "Åsa Øre",
    "Müller",
)


def cells(path: Path, **settings: str) -> list[tuple[str, ...]]:
    reading = Reading(from_object_type="contacts", to_object_type="companies", **settings)  # type: ignore[arg-type]
    with open_source(path, reading) as source:
        return [row.cells for row in rows_of(source.blocks())]


@pytest.mark.parametrize("text", JAPANESE)
@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "utf-8", "utf-8-sig", "utf-16"])
def test_short_japanese_texts_decode_right(tmp_path: Path, text: str, codec: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    assert path.read_bytes().decode(detect_encoding(path, path.name).codec) == text


@pytest.mark.parametrize("text", WESTERN)
@pytest.mark.parametrize("codec", ["cp1252", "utf-8", "utf-16"])
def test_short_western_texts_decode_right(tmp_path: Path, text: str, codec: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    assert path.read_bytes().decode(detect_encoding(path, path.name).codec) == text


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("layout", ["from_id,to_id,name\n1,2,{}\n", "name;from_id;to_id\n{};1;2\nBob;3;4\n"])
def test_a_single_western_word_is_not_taken_for_japanese(tmp_path: Path, word: str, layout: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(layout.format(word).encode("cp1252"))
    assert word in [cell for row in cells(path) for cell in row]


@pytest.mark.parametrize("word", ["トヨタ", "会社", "東京", "山田", "ソニー", "社", "田"])
@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_a_single_japanese_word_is_read_right_or_the_encodings_that_it_fits_are_named(
    tmp_path: Path, word: str, codec: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"from_id,to_id,name\n1,2,{word}\n".encode(codec))
    if codec == "euc_jp" or word in "社田":
        assert outcome_of_detection(path) in {codec, "refused"}
    else:
        assert outcome_of_detection(path) == codec


def outcome_of_detection(path: Path) -> str:
    """The codec that is detected, or that none is."""
    try:
        return detect_encoding(path, path.name).codec
    except SourceError as refused:
        return "refused" if "fits several encodings" in str(refused) else str(refused)


@pytest.mark.parametrize(("delimiter", "wish"), [("|", ""), ("^", "^")])
@pytest.mark.parametrize(
    ("word", "codec", "fits"),
    [("Zoé", "cp1252", "|^"), ("トップ", "cp932", ""), ("スポーツ", "cp932", "|"), ("データ", "cp932", "^")],
)
def test_a_delimiter_that_may_be_half_a_character_is_refused_until_the_encoding_is_named(
    tmp_path: Path, delimiter: str, wish: str, word: str, codec: str, fits: str
) -> None:
    path = tmp_path / "a.csv"
    lines = ("from_id,name,to_id,old", f"1,{word},22,33", "5,Bob,66,77")
    path.write_bytes("\n".join(lines).replace(",", delimiter).encode(codec))
    named = {"delimiter": wish} if wish else {}
    if delimiter in fits:
        with pytest.raises(SourceError, match=r"a\.csv may be in the encoding \w+ or \w+, and which columns"):
            cells(path, **named)
    assert cells(path, encoding=codec, **named)[0] == ("1", word, "22", "33")


@pytest.mark.slow
def test_the_bytes_that_tell_the_encoding_may_stand_far_from_the_top(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id,name\n" + b"1,2,x\n" * 300_000 + "3,4,東京都\n".encode("cp932"))
    assert cells(path)[-1] == ("3", "4", "東京都")


NAMES = {
    "cp1251": "Имя\tАнна Иванова\tПётр Сидоров\tОльга Чехова",
    "koi8_r": "Имя\tАнна Иванова\tПётр Сидоров\tОльга Чехова",
    "cp866": "Имя\tАнна Иванова\tПётр Сидоров\tОльга Чехова",
    "gbk": "姓名\t张伟皘北京分公司\t王芳\t刘洋有限公司",
    "big5": "姓名\t許功蓋股份有限公司\t王芳\t台北市",
    "cp949": "이름\t김철수\t이영희\t주식회사 삼성",
    "cp1250": "Jméno\tŘehoř Žižka\tŁukasz Wąsik\tDvořák a synové",
    "iso8859_2": "Jméno\tŘehoř Žižka\tŁukasz Wąsik\tDvořák a synové",
    "cp1253": "Όνομα\tΓιώργος Παπαδόπουλος\tΕλένη Νικολάου\tΑθήνα",
    "cp1254": "Adı\tİbrahim Yıldız\tAyşe Şahin\tGüneş Işık",
    "cp1255": "שם\tדוד כהן\tרחל לוי\tתל אביב",
    "cp1256": "الاسم\tمحمد علي\tفاطمة حسن\tالقاهرة",
    "cp1257": "Vārds\tJānis Bērziņš\tIlze Kalniņa\tRīga",
    "mac_roman": "Nom\tHélène Müller\tJosé Peña\tFrançois Lefèvre",
    "cp850": "Nom\tHélène Müller\tJosé Peña\tFrançois Lefèvre",
    "cp1252": "Nom\tHélène Müller\tJosé Peña\tFrançois Lefèvre",
    "cp932": "名前\t山田太郎\tソニー株式会社\t東京都",
    "euc_jp": "名前\t山田太郎\tソニー株式会社\t東京都",
}


@pytest.mark.parametrize("codec", NAMES)
def test_names_of_a_few_rows_come_back_as_they_were_written(tmp_path: Path, codec: str) -> None:
    header, *names = NAMES[codec].split("\t")
    path = tmp_path / "a.csv"
    rows = "".join(f"{number},{name},{number + 100}\r\n" for number, name in enumerate(names, 1))
    path.write_bytes(f"Contact ID,{header},Company ID\r\n{rows}".encode(codec))
    with open_source(path, Reading()) as source:
        assert source.header[1] == header
        assert [row.cells for row in rows_of(source.blocks())] == [
            (str(number), name, str(number + 100)) for number, name in enumerate(names, 1)
        ]
        assert len(source.understood.notes) == 1


@pytest.mark.parametrize(("word", "codec", "other"), [("家", "gbk", "cp949"), ("Jaroš", "iso8859_2", "cp1252")])
def test_a_text_that_fits_several_encodings_is_refused_with_what_each_makes_of_it(
    tmp_path: Path, word: str, codec: str, other: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"from_id,to_id,name\n1,2,{word}\n".encode(codec))
    with pytest.raises(SourceError) as refused:
        cells(path)
    assert f"{codec} reads '{word}'" in str(refused.value)
    assert f"{other} reads" in str(refused.value)
    assert cells(path, encoding=codec)[0][2] == word


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("from_id,to_id,name\n1,2,Dvořák\n".encode("cp1250"))
    assert cells(path, encoding="cp1250") == [("1", "2", "Dvořák")]


def test_a_byte_order_mark_is_no_part_of_the_header_when_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("from_id,to_id\n1,2\n".encode("utf-8-sig"))
    with open_source(path, Reading("contacts", "deals", encoding="utf8")) as source:
        assert source.header == ("from_id", "to_id")


def test_bytes_that_do_not_decode_end_the_run_naming_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = 'from_id,to_id,name\n1,2,"東\n京"\n\n'.encode() + "5,6,大阪\n".encode() * 30_000
    path.write_bytes(good + b"7,8,\xe6\xff\n" + good)
    with pytest.raises(SourceError, match=r"a\.csv, row 30004: the text is not UTF-8"):
        cells(path)


def test_bytes_that_do_not_decode_as_the_named_encoding_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n3,4\xe9\n")
    with pytest.raises(SourceError, match="row 3: the text is not ascii"):
        cells(path, encoding="ascii")


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("named", ["cp1252", "cp932", "utf-8", "utf-16", "utf-16-le"])
def test_a_byte_order_mark_outranks_the_named_encoding(tmp_path: Path, mark: str, named: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('"from_id",to_id,name\n1,2,René\n'.encode(mark))
    assert cells(path, encoding=named) == [("1", "2", "René")]
    with open_source(path, Reading("contacts", "deals", encoding=named)) as source:
        notes = source.understood.notes
    is_told = notes == (f"The file begins as {source.understood.encoding} does and is read as that, not as {named}.",)
    assert is_told == (named[:5] != mark[:5])


def test_utf_16_can_be_named_for_a_file_without_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("from_id,to_id\n1,2\n".encode("utf-16-be"))
    assert cells(path, encoding="utf-16") == [("1", "2")]


@pytest.mark.parametrize("named", ["utf-16", "utf-32"])
def test_a_wide_encoding_that_the_file_does_not_have_is_refused(tmp_path: Path, named: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n")
    with pytest.raises(SourceError, match=r"a\.csv.* is not utf-(16|32)"):
        cells(path, encoding=named)


@pytest.mark.parametrize("name", ["klingon", "base64", "zip", "idna", "punycode"])
def test_an_unknown_encoding_is_an_error_of_the_settings(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n")
    with pytest.raises(SettingsError, match=f"--encoding {name} is not a known encoding"):
        cells(path, encoding=name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from_id;to_id;note\n1;2;a,b,c\n3;4;d,e,f\n", ("1", "2", "a,b,c")),
        ("from_id,to_id,note\n1;2,3,x\n4;5,6,y\n", ("1;2", "3", "x")),
        ("from_id\tto_id\tnote, long\n1\t2\ta, b\n", ("1", "2", "a, b")),
        ('from_id|to_id|"a,b;c"\n1|2|"x\n;,,;\ny"\n', ("1", "2", "x\n;,,;\ny")),
        ("from_id,to_id,e e e e\n1,2,e e e e\n", ("1", "2", "e e e e")),
        ("from_id;to_id;Name, first;Note\n1;2;Doe, Jane\n3;4;Roe, Max;x\n", ("1", "2", "Doe, Jane", "")),
        ("from_id\tto_id\tA, B, C\n1\t2\tx, y, z\n", ("1", "2", "x, y, z")),
        ("sep=^\rfrom_id^to_id^a,b\r1^2^,,\r", ("1", "2", ",,")),
    ],
)
def test_the_delimiter_is_the_one_under_which_records_fit_the_header(
    tmp_path: Path, text: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    assert cells(path)[0] == expected


@pytest.mark.parametrize(
    ("wish", "delimiter"), [("semicolon", ";"), (";", ";"), ("tab", "\t"), ("\\t", "\t"), ("^", "^")]
)
def test_a_named_delimiter_is_used(tmp_path: Path, wish: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"from_id{delimiter}to_id{delimiter}a,b\n1{delimiter}2{delimiter},,\n", encoding="utf-8")
    assert cells(path, delimiter=wish) == [("1", "2", ",,")]


@pytest.mark.parametrize("wish", ["ab", '"', "\n"])
def test_what_cannot_delimit_is_an_error_of_the_settings(tmp_path: Path, wish: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("from_id,to_id\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is not a delimiter"):
        cells(path, delimiter=wish)


def test_a_line_without_end_is_refused_before_memory_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reader.files.lines.MAX_LINE", 1 << 20)
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n" + b"x" * (1 << 21))
    with pytest.raises(SourceError, match="row 3: the line is longer than"):
        cells(path)


def test_a_path_that_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a directory"):
        cells(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        cells(tmp_path / "b.csv")


def test_the_row_number_counts_blank_records_and_not_quoted_newlines(tmp_path: Path) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["from_id", "to_id"], ["1", "2"], [], ["x\ny", "2"], ["", ""], ["3", "4"]])
    path = tmp_path / "a.csv"
    path.write_text("\n" + text.getvalue(), encoding="utf-8", newline="")
    with open_source(path, Reading("contacts", "companies")) as source:
        assert [row.number for row in rows_of(source.blocks())] == [3, 5, 7]


@pytest.mark.parametrize("limit", [1, 2])
def test_rows_before_one_that_cannot_be_read_are_read(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n3,4\n" + b"5,6\n" * 20_000 + b"7,\xff\n")
    with open_source(path, Reading("contacts", "companies", limit=limit, encoding="utf-8")) as source:
        assert len(rows_of(source.blocks())) == limit


BY_POSITION = {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#2"}


@pytest.mark.parametrize("header", ["", "a;b,c\n"])
@pytest.mark.parametrize("row", ["1001;5001,5002", "1001;5001,"])
def test_a_file_that_fits_under_two_delimiters_without_a_header_that_tells_is_refused(
    tmp_path: Path, row: str, header: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(header + f"{row}\n" * 3, encoding="utf-8")
    reading = Reading("contacts", "companies", columns=BY_POSITION, no_header=not header)
    with pytest.raises(SourceError, match="--delimiter"):
        open_source(path, reading)


@pytest.mark.parametrize("row", ["1001;5001;Main St 5, Berlin, DE, EU", "1001\t5001\tAcme, Inc"])
def test_the_delimiter_under_which_the_columns_named_by_position_are_ids_is_taken(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{row}\n" * 3, encoding="utf-8")
    reading = Reading("contacts", "companies", columns=BY_POSITION, no_header=True)
    with open_source(path, reading) as source:
        pairs = [(pair.from_id, pair.to_id) for row in rows_of(source.blocks()) for pair in row.pairs]
    assert pairs == [("1001", "5001")] * 3


@pytest.mark.parametrize("end", ["\n\x1a", "\x1a", "\n\x1a\x1a", "\n" + "\0" * 300, "\r\n\x1a" + "\0" * 20])
@pytest.mark.parametrize("rows", [1, 498, 499, 500])
def test_what_old_programs_write_after_the_last_row_is_no_row(tmp_path: Path, end: str, rows: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Contact ID,Company ID\n" + "\n".join(["1001,5001"] * rows) + end, encoding="utf-8", newline="")
    with open_source(path, Reading()) as source:
        assert [len(row.pairs) for row in rows_of(source.blocks())] == [1] * rows


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["iso2022_jp", "iso2022_jp_ext"])
@pytest.mark.parametrize("rows_before", [0, 30_000])
def test_names_in_the_japanese_encoding_of_emails_come_back(tmp_path: Path, codec: str, rows_before: int) -> None:
    path = tmp_path / "a.csv"
    text = "from_id,name,to_id\n" + "1,Ann,2\n" * rows_before + "3,かがみ 太郎,4\n"
    path.write_text(text, encoding=codec)
    with open_source(path, Reading("contacts", "companies")) as source:
        *_, row = rows_of(source.blocks())
    assert row.cells == ("3", "かがみ 太郎", "4")
    assert [(pair.from_id, pair.to_id) for pair in row.pairs] == [("3", "4")]


def test_a_text_that_no_encoding_makes_sense_of_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"1,{name},2" for name in ("深水埗嘅茶餐廳", "佢哋喺邊度")]
    path.write_bytes("\n".join(["from_id,name,to_id", *rows]).encode("big5hkscs"))
    with pytest.raises(SourceError, match="--encoding NAME"):
        open_source(path, Reading("contacts", "companies"))


@pytest.mark.parametrize("names", ["สมชาย ใจดี|วิไล แก้วใส|บริษัท กรุงเทพ จำกัด", "เชียงใหม่|ห้างหุ้นส่วน|โรงแรม"])
def test_thai_is_not_taken_for_another_encoding(tmp_path: Path, names: str) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"{row + 1},2,{name}\n" for row, name in enumerate(names.split("|")))
    path.write_bytes(f"from_id,to_id,name\n{rows}".encode("cp874"))
    with pytest.raises(SourceError, match="--encoding cp874"):
        cells(path)
    assert [row[2] for row in cells(path, encoding="cp874")] == names.split("|")


def test_zeros_after_half_a_line_make_its_row_invalid(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n3,50" + bytes(40))
    with open_source(path, Reading("contacts", "companies")) as source:
        assert [len(row.pairs) for row in rows_of(source.blocks())] == [1, 0]
