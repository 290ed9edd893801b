"""What is notified about commands that end with an error, or that keep no journal."""

import errno
import os
from pathlib import Path

import pytest

from importer import ImporterError, run_import, verify_file
from importer.config.notifications import HEARTBEAT_URL, SLACK_URL, WEBHOOK_SECRET, WEBHOOK_URL
from importer.runner import run
from tests.runner.test_notify import Place, listener, place
from tests.support.errors import raises_code

__all__ = ["place"]


def test_an_error_of_the_file_system_has_the_code_and_the_exit_code_of_the_command(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = place.work.write("deals.csv", place.work.pairs(1))
    (place.work.folder / "file").write_text("")
    with listener() as webhook, listener() as monitor:
        monkeypatch.setenv(WEBHOOK_URL, webhook.url)
        monkeypatch.setenv(HEARTBEAT_URL, f"{monitor.url}/ping")
        settings = place.settings().model_copy(update={"state_dir": place.work.folder / "file" / "state"})
        with raises_code(ImporterError, "FILE_UNUSABLE"):
            run_import(source, settings)
    assert webhook.bodies == [
        {"file": str(source), "status": "error", "code": "FILE_UNUSABLE", "exit_code": 2, "source": source.name}
    ]
    assert monitor.paths == ["/ping/start", "/ping/fail"]


def test_a_full_disk_has_its_own_code(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = place.work.write("deals.csv", place.work.pairs(1))
    monkeypatch.setattr(run, "hold_command", fail)
    with listener() as webhook:
        monkeypatch.setenv(WEBHOOK_URL, webhook.url)
        with raises_code(ImporterError, "DISK_FULL"):
            run_import(source, place.settings())
    assert [(body["code"], body["exit_code"]) for body in webhook.bodies] == [("DISK_FULL", 2)]


@pytest.mark.parametrize("key", ["slack_url_file", "webhook_secret_file"])
def test_the_other_targets_are_notified_if_the_file_of_one_cannot_be_read(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    source = place.work.write("deals.csv", place.work.pairs(1))
    with listener() as webhook, listener() as monitor:
        monkeypatch.setenv(WEBHOOK_URL, webhook.url)
        monkeypatch.setenv(HEARTBEAT_URL, f"{monitor.url}/ping")
        with raises_code(ImporterError, "NOTIFY_FILE_UNREADABLE"):
            run_import(source, place.settings(**{key: tmp_path / "missing"}))
    # nothing is sent without the secret that signs it
    codes = ["NOTIFY_FILE_UNREADABLE"] if key == "slack_url_file" else []
    assert [body["code"] for body in webhook.bodies] == codes
    assert monitor.paths == ["/ping/fail"]
    assert not place.work.asked()


def test_a_verification_notifies_people_but_not_the_monitor_of_the_runs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = place.work.write("deals.csv", place.work.pairs(1))
    with listener() as webhook, listener() as slack, listener() as monitor:
        monkeypatch.setenv(WEBHOOK_URL, webhook.url)
        monkeypatch.setenv(WEBHOOK_SECRET, "of the webhook")
        monkeypatch.setenv(SLACK_URL, slack.url)
        monkeypatch.setenv(HEARTBEAT_URL, f"{monitor.url}/ping")
        summary = verify_file(source, place.settings())
        with raises_code(ImporterError, "FILE_NOT_FOUND"):
            verify_file(place.work.folder / "gone.csv", place.settings())
    found, failed = webhook.bodies
    assert (found["operation"], found["not_sent"], found["run_id"]) == ("verify", 1, summary.run_id)
    assert (failed["code"], failed["source"]) == ("FILE_NOT_FOUND", "gone.csv")
    assert slack.bodies[0]["text"] == (
        "deals.csv, verification: 0 of 1 rows are good; 1 needs attention (1 not_sent). Verification finished."
    )
    assert monitor.paths == []
    assert not list((place.work.folder / "state" / "runs").glob("*"))
    assert not [notice for notice in place.notices if notice.is_warning]
