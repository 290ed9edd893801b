"""`config.example.toml` has every setting, with its default and a comment."""

import re
import tomllib

from importer.config import (
    Settings,
    load_settings,
)
from importer.model import Role
from tests.support.package import PROJECT

EXAMPLE = PROJECT / "config.example.toml"


def test_the_example_has_exactly_the_keys_of_the_settings_with_their_defaults() -> None:
    table = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    profiles = table.pop("profiles")
    assert list(profiles) == ["nightly"]
    assert set(table) == set(Settings.model_fields)
    assert load_settings(config=EXAMPLE) == Settings()
    assert load_settings(config=EXAMPLE, profile="nightly") != Settings()


def test_every_key_of_the_example_has_a_comment_above_it() -> None:
    above = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("[profiles"):
            break
        if re.match(r"\w+ = ", line):
            assert above.startswith("# "), f"no comment above {line!r}"
        above = line


def test_the_example_shows_every_role() -> None:
    columns = EXAMPLE.read_text(encoding="utf-8").split("[columns]")[1].split("[profiles")[0]
    assert set(re.findall(r"# (\w+) = ", columns)) == set(Role)
