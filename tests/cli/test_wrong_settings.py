"""Who is notified of a command whose settings are wrong."""

import pytest

from importer.config.notifications import HEARTBEAT_URL
from tests.runner.test_notify import listener
from tests.support.command_line import Workplace


@pytest.mark.parametrize("command", ["run", "verify"])
def test_wrong_settings_are_notified(work: Workplace, command: str) -> None:
    source = work.write("pairs.csv", work.pairs(1))
    with listener() as webhook, listener() as monitor:
        address = work.folder / "webhook-url"
        address.write_text(webhook.url)
        config = work.folder / "importer.toml"
        config.write_text(f'workers = "many"\n[notify]\nwebhook_url_file = "{address}"\n')
        done = work.here(command, source, "--config", config, **{HEARTBEAT_URL: f"{monitor.url}/ping"})
    assert (done.code, done.error_code) == (2, "SETTING_INVALID")
    (body,) = webhook.bodies
    assert (body["code"], body["exit_code"], body["source"]) == ("SETTING_INVALID", 2, source.name)
    assert monitor.paths == (["/ping/fail"] if command == "run" else [])


@pytest.mark.parametrize("text", ["workers = many", "[notify]\nwhen = 'sometimes'"])
def test_an_unusable_config_is_notified_to_the_addresses_in_the_environment(work: Workplace, text: str) -> None:
    source, config = work.write("pairs.csv", work.pairs(1)), work.folder / "importer.toml"
    config.write_text(text)
    with listener() as monitor:
        done = work.here("run", source, "--config", config, **{HEARTBEAT_URL: f"{monitor.url}/ping"})
    assert done.code == 2
    assert monitor.paths == ["/ping/fail"]


@pytest.mark.parametrize("flags", [(), ("--sandbox",)])
def test_nobody_is_notified_of_a_rehearsal_with_wrong_settings(work: Workplace, flags: tuple[str, ...]) -> None:
    source, config = work.write("pairs.csv", work.pairs(1)), work.folder / "importer.toml"
    config.write_text(f'workers = "many"\nsandbox = {"false" if flags else "true"}\n')
    with listener() as monitor:
        done = work.here("run", source, *flags, "--config", config, **{HEARTBEAT_URL: f"{monitor.url}/ping"})
    assert (done.code, monitor.paths) == (2, [])
