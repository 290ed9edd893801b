"""Tokens and passwords in wrong places or in responses: no output, results file or journal contains them."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest

from importer.cli import main
from tests.support.command_line import TOKEN, Workplace
from tests.support.raw_server import raw_server, response
from tests.support.responses import error
from tests.support.threads import served_in_thread

pytestmark = pytest.mark.slow

OTHER = "pat-eu1-91d91373-8e94-4872-893c-e7d080224a56"

WRONG_PLACES: dict[str, tuple[list[str], dict[str, str]]] = {
    "as the file": (["run", OTHER], {}),
    "as the file to check": (["check", OTHER], {}),
    "as a run": (["resume", OTHER], {}),
    "as a run to retry": (["retry", OTHER], {}),
    "as a run to show": (["show", OTHER], {}),
    "as a command": ([OTHER], {}),
    "as one argument too many": (["run", "a.csv", OTHER], {}),
    "as a flag": (["run", "a.csv", f"--{OTHER}"], {}),
    "as the base URL": (["run", "a.csv", "--base-url", OTHER], {}),
    "in the base URL": (["run", "a.csv", "--base-url", f"http://example.com/?hapikey={OTHER}"], {}),
    "in the path of the base URL": (["run", "a.csv", "--base-url", f"https://example.com/{OTHER}"], {}),
    "in the host of the base URL": (["run", "a.csv", "--base-url", f"https://{OTHER}.example.com"], {}),
    "as the sheet": (["run", "a.csv", "--sheet", OTHER], {}),
    "as the sheet of a check": (["check", "a.csv", "--sheet", OTHER], {}),
    "in the variable of the sheet": (["run", "a.csv"], {"IMPORTER_SHEET": OTHER}),
    "in a header's name": (["run", "a.csv", "--map", f"from_object_id=Contact ID {OTHER}"], {}),
    "as the rate": (["run", "a.csv", "--rate", OTHER], {}),
    "as the engine": (["run", "a.csv", "--engine", OTHER], {}),
    "as the workers": (["run", "a.csv", "--workers", OTHER], {}),
    "as the API version": (["run", "a.csv", "--api-version", OTHER], {}),
    "as a column": (["run", "a.csv", "--map", f"to_object_id={OTHER}"], {}),
    "as a role": (["run", "a.csv", "--map", f"{OTHER}=a"], {}),
    "as half a mapping": (["run", "a.csv", "--map", OTHER], {}),
    "as an encoding": (["run", "a.csv", "--encoding", OTHER], {}),
    "as a delimiter": (["run", "a.csv", "--delimiter", OTHER], {}),
    "as a profile": (["run", "a.csv", "--profile", OTHER], {}),
    "as a profile of a file": (["run", "a.csv", "--config", "c.toml", "--profile", OTHER], {}),
    "as the config file": (["run", "a.csv", "--config", OTHER], {}),
    "as the results": (["run", "a.csv", "--out", f"no/{OTHER}"], {}),
    "as the token file": (["run", "a.csv"], {"IMPORTER_TOKEN_FILE": OTHER}),
    "as the client secret file": (["run", "a.csv"], {"IMPORTER_OAUTH_CLIENT_SECRET_FILE": OTHER}),
    "as the refresh token file": (["run", "a.csv"], {"IMPORTER_OAUTH_REFRESH_TOKEN_FILE": OTHER}),
    "as the client id": (["run", "a.csv"], {"IMPORTER_OAUTH_CLIENT_ID": OTHER}),
    "as the portal": (["run", "a.csv", "--portal", OTHER], {}),
    "in a variable that is no setting": (["run", "a.csv"], {"IMPORTER_HUBSPOT_TOKEN": OTHER}),
    "in the name of a variable": (["run", "a.csv"], {f"IMPORTER_{OTHER}": "1"}),
    "in a variable of another setting": (["run", "a.csv"], {"IMPORTER_LIMIT": OTHER}),
    "as a fault of the sandbox": (["sandbox", "--fault", OTHER], {}),
    "as the port of the sandbox": (["sandbox", "--port", OTHER], {}),
}


@pytest.mark.parametrize(("arguments", "variables"), WRONG_PLACES.values(), ids=WRONG_PLACES)
@pytest.mark.parametrize("token", [OTHER, TOKEN])
def test_a_token_in_the_wrong_place_is_not_repeated(
    work: Workplace, arguments: list[str], variables: dict[str, str], token: str
) -> None:
    work.write("a.csv", work.pairs(1))
    (work.folder / "c.toml").write_text("[profiles.night]\nworkers = 1\n")
    before = work.calls()
    given = {name.replace(OTHER, token): value.replace(OTHER, token) for name, value in variables.items()}
    done = work.here(*(argument.replace(OTHER, token) for argument in arguments), **given)
    assert done.code == 2
    assert done.err
    assert token.lower() not in (done.out + done.err).lower()
    assert work.calls() == before


def test_a_token_in_the_config_file_is_not_repeated(work: Workplace) -> None:
    for text in (f"access_token = '{OTHER}'", f"rate = '{OTHER}'", f"[profiles.x]\nsheet = ['{OTHER}']", f"{OTHER}"):
        (work.folder / "c.toml").write_text(text)
        done = work.here("run", "a.csv", "--config", "c.toml", "--profile", "x")
        assert done.code == 2
        assert OTHER not in done.err


PROXIES = [
    "http://user:passphrase@proxy:80a",
    "socks5://user:passphrase@proxy:1080",
    "http://user:passphrase@a..b:80",
    f"http://user:passphrase@{'a' * 64}.example.com:80",
    "http://user:passphrase@pro,xy:80",
]


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_mistyped_proxy_ends_the_command_before_anything_is_read_and_without_its_password(
    work: Workplace, proxy: str, command: str
) -> None:
    source = work.write("a.csv", work.pairs(3))
    files = set(work.folder.rglob("*"))
    done = work.here(command, source, IMPORTER_BASE_URL="https://hubspot.test", HTTPS_PROXY=proxy)
    assert done.code == 2
    assert done.error_code == "PROXY_INVALID"
    assert "HTTPS_PROXY" in done.error
    assert "passphrase" not in done.err
    assert {path for path in work.folder.rglob("*") if path.is_file()} <= files


def test_a_token_that_a_server_repeats_reaches_neither_results_nor_journal(work: Workplace) -> None:
    escaped = TOKEN.replace("-", r"\u002d")
    body = json.dumps(error(message="Bearer @", context={"token": ["@"], "@": []}, correlationId="@"))
    source = work.write("a.csv", work.pairs(2))
    work.environment.update(IMPORTER_BACKOFF_BASE="0.01", IMPORTER_BACKOFF_CAP="0.02")
    bodies = {
        "JSON escapes": body.replace("@", escaped).encode(),
        "what a cell does not show": body.replace("@", "\u200b".join(TOKEN)).encode(),
        "the escapes of control characters": body.replace("@", r"\b".join(TOKEN)).encode(),
        "a page": b"<p>" + "\u202e".join(TOKEN).encode() + b"</p>",
        "UTF-16": body.replace("@", TOKEN).encode("utf-16"),
        "a success": json.dumps({"status": TOKEN, "results": [], "completedAt": TOKEN}).encode(),
    }
    for said in bodies.values():
        with served_in_thread(partial(raw_server, response(said, "400 Bad"))) as server:
            done = work.here("run", source, "--base-url", server.url, "--fresh", "--log-format", "json")
        assert done.code in {1, 3}  # a page is not HubSpot, which stops the run
        for path in (file for file in work.folder.rglob("*") if file.is_file()):
            held = path.read_bytes().replace(rb"\\", b"\\")
            assert TOKEN.encode() not in held
            assert escaped.encode() not in held
            assert TOKEN.encode("utf-16-le") not in held


CLIENT_SECRET = "3f1d2c4b-0a9e-4b7d-8c6f-5e4d3c2b1a09"
REFRESH_TOKEN = "eu1-4f2d-9d5e-4c3b-8a7f-6e5d4c3b2a1f"


@pytest.mark.parametrize("key", ["client_secret_file", "refresh_token_file"])
@pytest.mark.parametrize("secret", [CLIENT_SECRET, f"eu1-{CLIENT_SECRET}"])
def test_an_oauth_secret_in_the_place_of_its_file_is_not_repeated(work: Workplace, key: str, secret: str) -> None:
    (work.folder / "c.toml").write_text(f'[oauth]\nclient_id = "a"\n{key} = "{secret}"\n')
    done = work.here("run", "a.csv", "--config", "c.toml", HUBSPOT_ACCESS_TOKEN="")
    assert (done.code, done.error_code) == (2, "SETTING_INVALID")
    assert secret not in done.err


def test_oauth_secrets_that_a_server_repeats_reach_no_output(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(1))
    for name, text in (("secret", CLIENT_SECRET), ("refresh", REFRESH_TOKEN)):
        (work.folder / name).write_text(text)
    oauth = '[oauth]\nclient_id = "a"\nclient_secret_file = "secret"\nrefresh_token_file = "refresh"\n'
    (work.folder / "c.toml").write_text(oauth)
    body = json.dumps({"status": f"{REFRESH_TOKEN} {CLIENT_SECRET}", "message": CLIENT_SECRET}).encode()
    with served_in_thread(partial(raw_server, response(body, "400 Bad"))) as server:
        arguments = ("run", source, "--base-url", server.url, "--config", "c.toml")
        done = work.here(*arguments, HUBSPOT_ACCESS_TOKEN="")
    assert (done.code, done.error_code) == (2, "TOKEN_REFUSED")
    for secret in (CLIENT_SECRET, REFRESH_TOKEN):
        assert secret not in done.out + done.err
        for path in work.folder.rglob("*"):
            assert not path.is_file() or path.name in {"secret", "refresh"} or secret.encode() not in path.read_bytes()


def test_a_traceback_of_a_bug_shows_no_token_and_forges_no_line(
    work: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise ZeroDivisionError(f"Authorization: Bearer {OTHER}\nError: forged \x1b[2J")

    monkeypatch.setattr("importer.cli.commands.run_import", broken)
    monkeypatch.setattr(sys, "argv", ["importer", "run", str(Path(work.write("a.csv", work.pairs(1))))])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr().err
    assert end.value.code == 70
    assert "ZeroDivisionError: Authorization: Bearer [token]" in said
    assert OTHER not in said
    assert "\x1b" not in said
    assert "Error: forged" in said
    assert not [line for line in said.splitlines() if line.startswith("Error: ")]
