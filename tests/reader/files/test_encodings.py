"""Encodings of text files: detected, requested, ambiguous."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.reader import open_source
from importer.reader.files.encodings import detect_encoding
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.text_files import cells

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


@pytest.mark.parametrize("text", JAPANESE)
@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "utf-8", "utf-8-sig", "utf-16"])
def test_short_japanese_texts_are_decoded_correctly(tmp_path: Path, text: str, codec: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    assert path.read_bytes().decode(detect_encoding(path, path.name).codec) == text


@pytest.mark.parametrize("text", WESTERN)
@pytest.mark.parametrize("codec", ["cp1252", "utf-8", "utf-16"])
def test_short_western_texts_are_decoded_correctly(tmp_path: Path, text: str, codec: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    assert path.read_bytes().decode(detect_encoding(path, path.name).codec) == text


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("layout", ["from_id,to_id,name\n1,2,{}\n", "name;from_id;to_id\n{};1;2\nBob;3;4\n"])
def test_a_single_western_word_is_not_decoded_as_japanese(tmp_path: Path, word: str, layout: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(layout.format(word).encode("cp1252"))
    assert word in [cell for row in cells(path) for cell in row]


@pytest.mark.parametrize("word", ["トヨタ", "会社", "東京", "山田", "ソニー", "社", "田"])
@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_a_single_japanese_word_is_decoded_correctly_or_rejected_as_ambiguous(
    tmp_path: Path, word: str, codec: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"from_id,to_id,name\n1,2,{word}\n".encode(codec))
    if codec == "euc_jp" or word in "社田":
        assert outcome_of_detection(path) in {codec, "ENCODING_AMBIGUOUS"}
    else:
        assert outcome_of_detection(path) == codec


def outcome_of_detection(path: Path) -> str:
    """Return the codec that is detected, or the code of the error."""
    try:
        return detect_encoding(path, path.name).codec
    except SourceError as error:
        return error.code


@pytest.mark.parametrize(("delimiter", "requested"), [("|", ""), ("^", "^")])
@pytest.mark.parametrize(
    ("word", "codec", "fits"),
    [("Zoé", "cp1252", "|^"), ("トップ", "cp932", ""), ("スポーツ", "cp932", "|"), ("データ", "cp932", "^")],
)
def test_a_delimiter_that_may_be_half_a_character_is_rejected_without_an_encoding(
    tmp_path: Path, delimiter: str, requested: str, word: str, codec: str, fits: str
) -> None:
    path = tmp_path / "a.csv"
    lines = ("from_id,name,to_id,old", f"1,{word},22,33", "5,Bob,66,77")
    path.write_bytes("\n".join(lines).replace(",", delimiter).encode(codec))
    named = {"delimiter": requested} if requested else {}
    if delimiter in fits:
        with raises(SourceError, "ENCODING_AMBIGUOUS"):
            cells(path, **named)
    assert cells(path, encoding=codec, **named)[0] == ("1", word, "22", "33")


def test_non_ascii_text_far_from_the_top_decides_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id,name\n" + (b"1,2," + b"x" * 600 + b"\n") * 3_000 + "3,4,東京都\n".encode("cp932"))
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
def test_a_few_names_are_enough_to_detect_the_encoding(tmp_path: Path, codec: str) -> None:
    header, *names = NAMES[codec].split("\t")
    path = tmp_path / "a.csv"
    rows = "".join(f"{number},{name},{number + 100}\r\n" for number, name in enumerate(names, 1))
    path.write_bytes(f"Contact ID,{header},Company ID\r\n{rows}".encode(codec))
    with open_source(path, Reading()) as source:
        assert source.header[1] == header
        assert [row.cells for row in rows_of(source.blocks())] == [
            (str(number), name, str(number + 100)) for number, name in enumerate(names, 1)
        ]
        assert len(source.info.notes) == 1


@pytest.mark.parametrize(("word", "codec", "other"), [("家", "gbk", "cp949"), ("Jaroš", "iso8859_2", "cp1252")])
def test_an_ambiguous_text_is_rejected_and_shown_in_each_encoding(
    tmp_path: Path, word: str, codec: str, other: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"from_id,to_id,name\n1,2,{word}\n".encode(codec))
    with raises(SourceError, "ENCODING_AMBIGUOUS") as caught:
        cells(path)
    assert f"{codec} reads '{word}'" in str(caught.value)
    assert f"{other} reads" in str(caught.value)
    assert cells(path, encoding=codec)[0][2] == word


def test_a_requested_encoding_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("from_id,to_id,name\n1,2,Dvořák\n".encode("cp1250"))
    assert cells(path, encoding="cp1250") == [("1", "2", "Dvořák")]


def test_a_byte_order_mark_is_not_part_of_the_header_when_utf_8_is_requested(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("from_id,to_id\n1,2\n".encode("utf-8-sig"))
    with open_source(path, Reading("contacts", "deals", encoding="utf8")) as source:
        assert source.header == ("from_id", "to_id")


@pytest.mark.slow
def test_undecodable_bytes_are_reported_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = 'from_id,to_id,name\n1,2,"東\n京"\n'.encode() + b"\n" * 29_001 + f"5,6,{'大阪' * 60}\n".encode() * 1_000
    path.write_bytes(good + b"7,8,\xe6\xff\n" + good)
    with raises(SourceError, "UNDECODABLE_TEXT") as caught:
        cells(path)
    assert "row 30004:" in str(caught.value)


def test_bytes_that_are_invalid_in_the_requested_encoding_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n3,4\xe9\n")
    with raises(SourceError, "UNDECODABLE_TEXT"):
        cells(path, encoding="ascii")


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("named", ["cp1252", "cp932", "utf-8", "utf-16", "utf-16-le"])
def test_a_byte_order_mark_overrides_the_requested_encoding(tmp_path: Path, mark: str, named: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('"from_id",to_id,name\n1,2,René\n'.encode(mark))
    assert cells(path, encoding=named) == [("1", "2", "René")]
    with open_source(path, Reading("contacts", "deals", encoding=named)) as source:
        assert bool(source.info.notes) == (named[:5] != mark[:5])


def test_utf_16_can_be_requested_for_a_file_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("from_id,to_id\n1,2\n".encode("utf-16-be"))
    assert cells(path, encoding="utf-16") == [("1", "2")]


@pytest.mark.parametrize("named", ["utf-16", "utf-32"])
def test_a_requested_utf_16_or_utf_32_that_the_file_is_not_in_is_rejected(tmp_path: Path, named: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n")
    with raises(SourceError, "ENCODING_MISMATCH"):
        cells(path, encoding=named)


@pytest.mark.parametrize("name", ["klingon", "base64", "zip", "idna", "punycode"])
def test_an_unknown_encoding_is_a_settings_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n")
    with raises(SettingsError, "UNKNOWN_ENCODING"):
        cells(path, encoding=name)


@pytest.mark.parametrize("codec", ["iso2022_jp", "iso2022_jp_ext"])
@pytest.mark.parametrize("rows_before", [0, 800])
def test_iso_2022_jp_is_detected(tmp_path: Path, codec: str, rows_before: int) -> None:
    path = tmp_path / "a.csv"
    text = "from_id,name,to_id\n" + f"1,{'Ann' * 100},2\n" * rows_before + "3,かがみ 太郎,4\n"
    path.write_text(text, encoding=codec)
    with open_source(path, Reading("contacts", "companies")) as source:
        *_, row = rows_of(source.blocks())
    assert row.cells == ("3", "かがみ 太郎", "4")
    assert [(pair.from_id, pair.to_id) for pair in row.pairs] == [("3", "4")]


def test_a_text_that_fits_no_known_encoding_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"1,{name},2" for name in ("深水埗嘅茶餐廳", "佢哋喺邊度")]
    path.write_bytes("\n".join(["from_id,name,to_id", *rows]).encode("big5hkscs"))
    with raises(SourceError, "ENCODING_NOT_DETECTED"):
        open_source(path, Reading("contacts", "companies"))


@pytest.mark.parametrize("names", ["สมชาย ใจดี|วิไล แก้วใส|บริษัท กรุงเทพ จำกัด", "เชียงใหม่|ห้างหุ้นส่วน|โรงแรม"])
def test_thai_text_is_not_decoded_in_another_encoding(tmp_path: Path, names: str) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"{row + 1},2,{name}\n" for row, name in enumerate(names.split("|")))
    path.write_bytes(f"from_id,to_id,name\n{rows}".encode("cp874"))
    with raises(SourceError, "ENCODING_AMBIGUOUS"):
        cells(path)
    assert [row[2] for row in cells(path, encoding="cp874")] == names.split("|")
