"""Notifications about runs, delivered to real HTTP servers."""

import hmac
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from importer import (
    ImporterError,
    Settings,
    SettingsError,
    SourceError,
    load_settings,
    resume_run,
    retry_run,
    run_import,
    undo_run,
    unlink_file,
)
from importer.config.notifications import HEARTBEAT_URL, SLACK_URL, WEBHOOK_SECRET, WEBHOOK_URL
from importer.runner.events import Event, Notice
from importer.runner.state_directory import open_journal
from tests.support.command_line import TOKEN, UNKNOWN, Workplace
from tests.support.errors import raises, raises_code

SECRET = "0e1d2c3b4a5968778695"
PATH = "/services/T024BE7LD/B8XK4Q1ZZ/9fJq3hYw"


@dataclass
class Received:
    """The requests that a server received: method, path, headers and body. It responds with `statuses` in turn."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, _, body in self.requests if body]


@contextmanager
def listener(*statuses: int, location: str = "") -> Iterator[Received]:
    """Serve on a free loopback port; respond with these statuses, then with 200."""
    received = Received(statuses=list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received.requests.append((self.command, self.path, dict(self.headers), body))
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the name that the server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        received.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, slots=True)
class Place:
    """A directory from which runs are started, with the notices of the last one."""

    work: Workplace
    notices: list[Notice] = field(default_factory=list)

    def settings(self, **notify: object) -> Settings:
        flags = {"base_url": self.work.hubspot.url, "rate": "20000/1", "state_dir": self.work.folder / "state"}
        return load_settings({**flags, "notify": notify})

    def run(self, *rows: tuple[object, object], **notify: object) -> Any:
        def note(event: Event) -> None:
            if isinstance(event, Notice):
                self.notices.append(event)

        self.work.write("deals.csv", [*rows])
        return run_import(self.work.folder / "deals.csv", self.settings(**notify), on_event=note)


@pytest.fixture
def place(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    return Place(work)


@pytest.mark.slow
def test_a_webhook_gets_the_summary_signed_with_its_secret(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        monkeypatch.setenv(WEBHOOK_SECRET, SECRET)
        summary = place.run(*place.work.pairs(2))
    ((method, path, headers, body),) = webhook.requests
    assert (method, path, headers["Content-Type"]) == ("POST", PATH, "application/json")
    assert body.decode() == summary.as_json()
    assert json.loads(body)["file"] == str(place.work.folder / "deals.csv")
    assert headers["X-Importer-Signature"] == f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"


def test_slack_gets_one_sentence_with_the_counts_and_no_row_contents(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listener() as slack:
        monkeypatch.setenv(SLACK_URL, f"{slack.url}{PATH}")
        summary = place.run(*place.work.pairs(2), ("ACME Ltd", 1))
    (body,) = slack.bodies
    assert body["text"] == (
        f"deals.csv: 2 of 3 rows are good; 1 needs attention (1 invalid). Run {summary.run_id} finished."
    )


def test_the_name_of_a_file_cannot_mention_a_channel_in_slack(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as slack:
        monkeypatch.setenv(SLACK_URL, f"{slack.url}{PATH}")
        run_import(place.work.write("<!channel> & <b|c>.csv", place.work.pairs(1)), place.settings())
    assert slack.bodies[0]["text"].startswith("&lt;!channel&gt; &amp; &lt;b|c&gt;.csv: ")


def test_a_heartbeat_is_sent_at_the_start_and_the_end_of_a_run(place: Place, tmp_path: Path) -> None:
    address = tmp_path / "heartbeat"
    with listener() as monitor:
        address.write_text(f"{monitor.url}{PATH}?source=crm\n")
        place.run(*place.work.pairs(1), heartbeat_url_file=address)
    assert monitor.paths == [f"{PATH}/start?source=crm", f"{PATH}?source=crm"]
    assert [method for method, *_ in monitor.requests] == ["GET", "GET"]


def test_a_file_that_cannot_be_read_is_a_failure_without_its_text(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = place.work.folder / "secret.csv"
    source.write_text("Customer of the year\nACME\n")
    with listener() as receiver:
        monkeypatch.setenv(WEBHOOK_URL, f"{receiver.url}{PATH}")
        monkeypatch.setenv(HEARTBEAT_URL, f"{receiver.url}/ping")
        with pytest.raises(SourceError):
            run_import(source, place.settings())
    assert set(receiver.paths) == {"/ping/start", "/ping/fail", PATH}
    (body,) = receiver.bodies
    assert (body["status"], body["exit_code"]) == ("error", 2)
    assert "Customer" not in json.dumps(body)


def test_a_command_that_fails_names_its_file_or_its_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    source = place.work.folder / "deals.csv"
    source.write_text("Customer of the year\nACME\n")
    with listener() as webhook, listener() as slack:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        monkeypatch.setenv(SLACK_URL, f"{slack.url}{PATH}")
        with raises_code(ImporterError, "NO_ID_COLUMN"):
            run_import(source, place.settings())
        with raises_code(ImporterError, "RUN_NOT_FOUND"):
            undo_run("20261126-000000-1", place.settings())
    keys = ("source", "file", "run_id", "code")
    assert [tuple(body.get(key) for key in keys) for body in webhook.bodies] == [
        ("deals.csv", str(source), None, "NO_ID_COLUMN"),
        ("20261126-000000-1", None, "20261126-000000-1", "RUN_NOT_FOUND"),
    ]
    assert ["deals.csv" in body["text"] for body in slack.bodies] == [True, False]
    assert "20261126-000000-1" in slack.bodies[1]["text"]


@pytest.mark.slow
def test_a_run_that_continues_an_earlier_one_names_its_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = place.run(*place.work.pairs(2), (UNKNOWN, 1))
    source = str(place.work.folder / "deals.csv")
    with listener() as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        retried = retry_run(run.run_id, place.settings())
        undone = undo_run(run.run_id, place.settings())
        with raises_code(ImporterError, "RUN_UNDONE"):
            resume_run(run.run_id, place.settings())
    assert [retried.file, undone.file, *(body["file"] for body in webhook.bodies)] == [source] * 5


@pytest.mark.slow
def test_slack_text_says_what_a_run_did(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = place.run(*place.work.pairs(2))
    with listener() as slack:
        monkeypatch.setenv(SLACK_URL, f"{slack.url}{PATH}")
        undo = undo_run(run.run_id, place.settings())
        removal = unlink_file(place.work.folder / "deals.csv", place.settings())
    assert [body["text"] for body in slack.bodies] == [
        f"deals.csv, undo of run {run.run_id}: 2 of 2 rows are good. Run {undo.run_id} finished.",
        f"deals.csv, removal of links: 2 of 2 rows are good. Run {removal.run_id} finished.",
    ]


@pytest.mark.parametrize(
    ("when", "rows_are_good", "expected"),
    [
        ("always", True, 1),
        ("always", False, 1),
        ("trouble", True, 0),
        ("trouble", False, 1),
        ("never", True, 0),
        ("never", False, 0),
    ],
)
def test_when_selects_the_runs(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str, rows_are_good: bool, expected: int
) -> None:
    with listener() as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        rows = place.work.pairs(1) if rows_are_good else [(UNKNOWN + place.work.base, 1)]
        place.run(*rows, when=when)
    assert len(webhook.requests) == expected


@pytest.mark.parametrize(("statuses", "requests"), [([500, 200], 2), ([404], 1), ([500, 500], 2)])
def test_a_delivery_is_tried_twice_and_never_changes_the_outcome(
    place: Place, monkeypatch: pytest.MonkeyPatch, statuses: list[int], requests: int
) -> None:
    with listener(*statuses) as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        summary = place.run(*place.work.pairs(1))
    assert summary.exit_code == 0
    assert len(webhook.requests) == requests
    with open_journal(place.settings(), summary.run_id) as journal:
        (kept,) = journal.notifications
    error = "" if statuses[-1] == 200 else f"HTTP {statuses[-1]}"
    assert (kept["target"], kept["error"]) == ("webhook", error)
    assert any(notice.is_warning for notice in place.notices) is bool(error)


def test_a_target_that_nobody_serves_does_not_fail_the_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as gone:
        pass
    monkeypatch.setenv(WEBHOOK_URL, f"{gone.url}{PATH}")
    assert place.run(*place.work.pairs(1)).exit_code == 0


def test_a_redirect_is_not_followed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as elsewhere, listener(302, location=f"{elsewhere.url}/stolen") as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        place.run(*place.work.pairs(1))
    assert len(webhook.requests) == 1
    assert elsewhere.requests == []


def test_no_address_is_in_a_file_an_event_or_a_log(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with listener(500, 500) as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        monkeypatch.setenv(WEBHOOK_SECRET, SECRET)
        place.run(*place.work.pairs(1))
    texts = [caplog.text, *(notice.text for notice in place.notices)]
    files = [file.read_bytes() for file in place.work.folder.rglob("*") if file.is_file()]
    assert files
    for secret in (PATH, SECRET):
        assert not any(secret in text for text in texts)
        assert not any(secret.encode() in content for content in files)


@pytest.mark.parametrize("address", ["ftp://example.com/x", "http://example.com/x", "https://", "https://a b/", "x"])
def test_an_invalid_address_ends_the_command_before_anything_is_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(WEBHOOK_URL, address)
    with raises(SettingsError, "NOTIFY_URL_INVALID"):
        place.run(*place.work.pairs(1))
    assert not list((place.work.folder / "state").glob("runs/*"))


def test_a_rehearsal_in_the_sandbox_notifies_nobody(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as webhook:
        monkeypatch.setenv(WEBHOOK_URL, f"{webhook.url}{PATH}")
        place.work.write("deals.csv", place.work.pairs(1))
        settings = load_settings({"sandbox": True, "state_dir": place.work.folder / "state"})
        run_import(place.work.folder / "deals.csv", settings)
    assert webhook.requests == []
