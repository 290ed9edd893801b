"""The first commands of the README, as they stand there, on a machine as it comes."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TRY_IT = re.search(r"^## Try it\n(.*?)^## ", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of bash"),
    pytest.mark.timeout(600),  # packages may have to be downloaded
]


def commands() -> list[str]:
    """The bash blocks of the section "Try it"."""
    assert TRY_IT
    return re.findall(r"^```bash\n(.*?)^```$", TRY_IT[1], re.MULTILINE | re.DOTALL)


def directory_of_python() -> Path:
    """Where the stock `python3` of this machine is; that of the Python that runs the tests where it has none."""
    check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
    stock = Path("/usr/bin/python3")
    if stock.exists() and subprocess.run([stock, "-c", check], capture_output=True, check=False).returncode == 0:
        return stock.parent
    return Path(sys.base_prefix, "bin")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without what building, testing and running leave in it."""
    folder = tmp_path_factory.mktemp("checkout") / "importer"
    left_behind = shutil.ignore_patterns(
        ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "build", "*.results.*"
    )
    shutil.copytree(ROOT, folder, ignore=left_behind)
    return folder


def run(command: str, checkout: Path, **variables: str) -> str:
    """Run a command in the checkout as somebody would who has just fetched the project; return what it prints."""
    own = ("PYTHON", "VIRTUAL_ENV", "PYTEST", "IMPORTER_", "HUBSPOT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment["PATH"] = f"{directory_of_python()}:{environment['PATH']}"
    environment["IMPORTER_STATE_DIR"] = str(checkout.parent / "state")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_there_are_two_commands_of_one_line_each() -> None:
    assert [command.count("\n") for command in commands()] == [1, 1]


def test_the_first_command_links_the_sample_in_an_environment_of_its_own(checkout: Path) -> None:
    run(commands()[0], checkout)
    with (checkout / "sample_data/contacts_to_companies.sandbox.results.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        assert [row["import_status"] for row in csv.DictReader(file)] == ["linked"] * 200
    installed = run(".venv/bin/python -c 'import sys; print(sys.prefix)'", checkout)
    assert Path(installed.strip()) == checkout / ".venv"


def test_the_second_command_runs_every_test(checkout: Path) -> None:
    # The tests are collected, which imports all that they need, but not run: this test is one of them.
    printed = run(commands()[1], checkout, PYTEST_ADDOPTS="--collect-only --quiet")
    collected = {line.partition("::")[0] for line in printed.splitlines() if "::" in line}
    assert collected == {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
