"""Delimited texts in many encodings, and what is not a table."""

import gzip

from tests.files.tables import PAIR, TWO_PAIRS, csv_text


def text_files() -> dict[str, bytes]:
    """Return the content of each text file by its name, also of those that the name is wrong about."""
    pairs = csv_text([["Contact ID", "Company ID", "Note"], ["1", "2", "a;b"], ["3", "4", "c"]])
    japanese = csv_text([["コンタクトID", "会社ID", "備考"], ["1", "2", "重要なお客様"]])
    return {
        "delimiter_semicolon.csv": csv_text([["Contact ID", "Company ID"], ["1", "2"], ["3,4", "5"]], ";").encode(),
        "delimiter_tab.tsv": csv_text([["Contact ID", "Company ID"], ["1", "2"]], "\t").encode(),
        "delimiter_pipe.txt": csv_text([["Contact ID", "Company ID"], ["1", "2"]], "|").encode(),
        "delimiter_declared.csv": b"sep=;\r\nContact ID;Company ID\r\n1;2\r\n",
        "delimiter_in_other_cells.csv": pairs.encode(),
        "encoding_utf8_bom.csv": pairs.encode("utf-8-sig"),
        "encoding_utf16_le.csv": b"\xff\xfe" + japanese.encode("utf-16-le"),
        "encoding_utf16_be.csv": b"\xfe\xff" + japanese.encode("utf-16-be"),
        "encoding_utf16_unmarked.csv": pairs.encode("utf-16-le"),
        "encoding_cp932.csv": japanese.encode("cp932"),
        "encoding_euc_jp.csv": japanese.encode("euc_jp"),
        "encoding_cp1252.csv": csv_text([["Contact ID", "Company ID", "Größe"], ["1", "2", "“Müller” – 5 €"]]).encode(
            "cp1252"
        ),
        "encoding_late.csv": csv_text([PAIR, *[["1", "2"]] * 3, ["3", "José"]]).encode("cp1252"),
        "encoding_broken.csv": csv_text([["Contact ID", "会社ID"], ["1", "2"], ["3", "東京"]]).encode()
        + b"5,\xff6\n"
        + csv_text([["7", "大阪"]]).encode(),
        "lines_cr.csv": csv_text([PAIR, ["1", "2"], ["3", "4"]], end="\r").encode(),
        "lines_crlf.csv": csv_text([PAIR, ["1", "2"], ["3", "4"]], end="\r\n").encode(),
        "lines_mixed.csv": b"from_object_id,to_object_id\r\n1,2\n3,4\r5,6",
        "quoted_newlines.csv": b'from_object_id,to_object_id,note\n1,2,"a\r\nb\nc"\n3,x,"d,e"\n',
        "quote_not_closed.csv": b'from_object_id,to_object_id,note\n1,2,"a\n3,4,b\n',
        "quote_then_text.csv": b'from_object_id,note,to_object_id\n1,"a,2\n3,b "c",4\n',
        "nul_bytes.csv": b"from_object_id,to_object_id,note\n1,2,a\0b\n3\0,4,\n",
        "only_blank_lines.csv": b"\n \n\n",
        "empty.csv": b"",
        "big_cell.csv.gz": gzip.compress(
            b"from_object_id,to_object_id,note\n1,2," + b"x" * 10_000_000 + b"\n3,4,\n", mtime=0
        ),
        "pairs.csv.gz": gzip.compress(pairs.encode(), mtime=0),
        "damaged.csv.gz": gzip.compress(pairs.encode(), mtime=0)[:-12],
        "json.csv": b'[{"Contact ID": 1, "Company ID": 2}]',
        "pdf.csv": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "csv_inside.xlsx": csv_text(TWO_PAIRS).encode(),
        "html_inside.xls": b"<html><body><table><tr><td>Contact ID</td></tr></table></body></html>",
    }
