"""Access tokens that do not change, and those in a file."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from importer.config import Settings
from importer.hubspot.access_tokens import AccessToken, FileToken, FixedToken, TokenUnavailableError
from importer.hubspot.oauth import OAuthToken
from importer.hubspot.token_source import token_source


@pytest.fixture(autouse=True)
def _no_token_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def file_token(path: Path) -> FileToken:
    source = token_source(Settings(token_file=path))
    assert isinstance(source, FileToken)
    return source


def value(token: AccessToken | None) -> str:
    return "" if token is None else token.value.get_secret_value()


async def test_a_fixed_token_has_no_replacement() -> None:
    source = FixedToken(SecretStr("pat-1"), "the environment")
    assert await source.replacement(await source.current()) is None
    assert source.name == source.identity == "pat-1"


async def test_a_token_file_is_read_again_when_its_token_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "token", "token-1")
    source = file_token(path)
    first = await source.current()
    assert await source.replacement(first) is None
    path.write_text("token-2")
    second = await source.replacement(first)
    path.write_text("token-3")
    assert (value(first), value(second)) == ("token-1", "token-2")
    assert await source.replacement(first) == second, "the file is not read again for an earlier token"
    assert value(await source.replacement(await source.current())) == "token-3"


async def test_a_new_token_in_the_file_is_another_credential_of_the_same_source(tmp_path: Path) -> None:
    path = written(tmp_path, "token", "token-1")
    source = file_token(path)
    name, identity, first = source.name, source.identity, await source.current()
    path.write_text("token-2")
    second = await source.replacement(first)
    assert second is not None
    assert (first.grant, second.grant) == (0, 1)
    assert source.name == name == str(path)
    assert (identity, source.identity) == ("token-1", "token-2")


async def test_a_token_file_that_is_being_written_makes_the_token_unavailable_for_now(tmp_path: Path) -> None:
    path = written(tmp_path, "token", "token-1")
    source = file_token(path)
    first = await source.current()
    path.write_text("")
    with pytest.raises(TokenUnavailableError):
        await source.replacement(first)
    path.write_text("token-2")
    assert value(await source.replacement(first)) == "token-2"


async def test_a_token_file_that_was_removed_yields_no_other_token(tmp_path: Path) -> None:
    path = written(tmp_path, "token", "token-1")
    source = file_token(path)
    path.unlink()
    assert await source.replacement(await source.current()) is None


def test_the_variable_overrides_the_token_file_which_overrides_oauth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, refresh = written(tmp_path, "secret", "the-client-secret"), written(tmp_path, "refresh", "refresh-token-0")
    oauth = {"client_id": "app", "client_secret_file": secret, "refresh_token_file": refresh}
    both = Settings.model_validate({"token_file": written(tmp_path, "token", "token-1"), "oauth": oauth})
    source = token_source(Settings.model_validate({"oauth": oauth}))
    assert isinstance(source, OAuthToken)
    assert source.name == f"app {refresh}"
    assert "refresh-token-0" not in repr(source)
    assert isinstance(token_source(both), FileToken)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "token-of-the-environment")
    assert token_source(both).identity == "token-of-the-environment"
