"""Output to a terminal or a log: names and messages from outside cannot forge lines or control the terminal."""

import json
import re
from functools import partial

import openpyxl
import pytest

from tests.support.command_line import Done, Workplace
from tests.support.raw_server import raw_server, response
from tests.support.responses import error
from tests.support.threads import served_in_thread

pytestmark = pytest.mark.slow

EVIL = "a\x1b[2J\x1b]0;title\x07\nError: forged\r\x9b31m\u202e\u2028b"
"""Clears the screen, sets its title, forges a line, reverses the reading direction."""

SHOWN = r"a\x1b[2J\x1b]0;title\x07\nError: forged\r\x9b31m\u202e\u2028b"


def assert_harmless(done: Done) -> None:
    for line in (done.out + done.err).split("\n"):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", line), repr(line)
        assert not line.startswith("Error: forged"), done.err


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_name_of_a_file_cannot_forge_a_line(work: Workplace, log_format: str) -> None:
    name = EVIL + ".csv"
    work.write(name, [*work.pairs(2), ("x", 1)])
    for command in (["check", name], ["run", name], ["verify", name], ["runs"], ["retry", name]):
        done = work.here(*command, *(["--log-format", log_format] if command != ["runs"] else []))
        assert_harmless(done)
    (journal,) = work.journals
    shown = work.here("show", journal.stem)
    assert_harmless(shown)
    assert SHOWN in shown.out
    assert SHOWN in work.here("runs").out
    as_json = work.here("show", journal.stem, "--json")
    assert as_json.json["results"] == str(work.folder / (EVIL + ".results.csv"))
    assert as_json.out.isascii()


def test_the_name_of_a_missing_file_is_shown_on_one_line(work: Workplace) -> None:
    for command in ("run", "check", "verify", "retry", "resume", "show"):
        done = work.here(command, EVIL + ".csv")
        assert done.code == 2
        assert_harmless(done)
        assert SHOWN in done.error


def test_wrong_arguments_are_quoted_on_one_line(work: Workplace) -> None:
    for arguments in ([EVIL], ["run", "a.csv", EVIL], ["run", f"--{EVIL}"], ["sandbox", "--port", EVIL]):
        done = work.here(*arguments)
        assert done.code == 2
        assert_harmless(done)
        assert r"\x1b[2J" in done.err


def test_headers_sheets_and_cells_cannot_forge_a_line(work: Workplace) -> None:
    source = work.folder / "a.csv"
    source.write_text(
        f'"Contact ID","Company ID","{EVIL}"\n{work.base},1,x\n"{EVIL}",2,y\n', encoding="utf-8", newline=""
    )
    for command in (
        ["check", source],
        ["run", source],
        ["check", source, "--to", "deals", "--map", "from_object_id=#1", "--map", f"to_object_id={EVIL}"],
    ):
        done = work.here(*command)
        assert done.code == 1
        assert_harmless(done)
    assert r"\x1b[2J" in work.here("check", source).out
    missing = work.here("check", source, "--map", "to_object_id=none")
    assert r"\x1b[2J" in missing.error
    book = openpyxl.Workbook()
    assert book.active
    book.active.title = "a\u202eb\u2028Error"
    book.active.append(["Contact ID", "Company ID"])
    book.active.append([work.base, 1])
    book.save(work.folder / "a.xlsx")
    done = work.here("check", "a.xlsx")
    assert_harmless(done)
    assert r"sheet 'a\u202eb\u2028Error'" in done.out


def test_a_response_cannot_forge_a_line_and_its_control_characters_are_removed_from_the_results(
    work: Workplace,
) -> None:
    body = error("MISSING_SCOPES", EVIL, context={"missingScopes": [EVIL]}, correlationId=EVIL)
    answer = response(json.dumps(body).encode(), "403 Forbidden")
    source = work.write("a.csv", work.pairs(2))
    for log_format in ("text", "json"):
        with served_in_thread(partial(raw_server, answer)) as server:
            done = work.here("run", source, "--base-url", server.url, "--log-format", log_format, "--fresh")
        assert done.code == 3
        assert_harmless(done)
        assert "lacks the scopes a[2J" in done.err
        results = (work.folder / "a.results.csv").read_text(encoding="utf-8-sig")
        assert "Error: forged" in results
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", results)


def test_a_server_that_breaks_the_protocol_cannot_forge_a_line(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(1))
    with served_in_thread(partial(raw_server, b"HTTP/1.1 \x1b[2J\nError: forged\r\n\r\n")) as server:
        more = ("--base-url", server.url, "--log-format", "json")
        done = work.here("run", source, *more, IMPORTER_MAX_ATTEMPTS="1")
    assert done.code == 1
    assert_harmless(done)
    assert all(json.loads(line) for line in done.err.splitlines())
