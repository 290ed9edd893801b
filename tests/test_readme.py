"""The README: its commands and outputs are those of the program, in a fresh copy of the project on a stock machine.

`pytest -n 0 --update-golden tests/test_readme.py` writes the current outputs into the README.
"""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from filelock import FileLock

from importer.cli.commands import cli
from importer.cli.help_topics import EXIT_CODES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"(?<=^```console\n)\$ (.*)\n((?:.*\n)*?)(?=^```$)", re.MULTILINE)
INLINE_COMMAND = re.compile(r"`importer ([a-z][^`]*)`")

STDOUT_ONLY = "…\n"
"""As the first line of an output: what the command prints on standard error is left out."""

RUN_ID, SHOWN_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{5}"), "20261125-071435-5ad5f"

SECONDS = re.compile(r"after \d+(\.\d)? s")
"""The duration of a run, which differs from run to run. The README shows a measured one."""

GENERATED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "build", "*.results.*", "*.failures*.csv"
)
LINKED = "sample_data/contacts_to_companies.sandbox.results.csv"
"""The results of the README's first command."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of bash"),
    pytest.mark.timeout(600),  # packages may have to be downloaded
]


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(TEXT) if name == language]


def directory_of_python() -> Path:
    """Return the directory of this machine's stock `python3`, or else that of the Python that runs the tests."""
    check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
    stock = Path("/usr/bin/python3")
    if stock.exists() and subprocess.run([stock, "-c", check], capture_output=True, check=False).returncode == 0:
        return stock.parent
    return Path(sys.base_prefix, "bin")


@pytest.fixture
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project without generated files, which the processes of a test run use one at a time."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "checkout" / "importer"
    with FileLock(shared / "checkout.lock"):
        if not folder.exists():
            shutil.copytree(ROOT, folder, ignore=GENERATED)
        yield folder


@pytest.fixture
def installed(checkout: Path) -> Path:
    """The copy after the README's first command, which installs the importer and links the sample."""
    if not (checkout / LINKED).exists():
        run(blocks("bash")[0], checkout)
    return checkout


def run(command: str, checkout: Path, *, code: int = 0, stderr: int = subprocess.STDOUT, **variables: str) -> str:
    """Run a command in the copy as someone would who has just fetched the project; return its output."""
    own = ("PYTHON", "VIRTUAL_ENV", "PYTEST", "IMPORTER_", "HUBSPOT_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment["PATH"] = f"{checkout / '.venv' / 'bin'}:{directory_of_python()}:{environment['PATH']}"
    environment["IMPORTER_STATE_DIR"] = str(checkout.parent / "state")
    environment["PIP_COMPILE"] = "0"  # Python compiles what is imported, which is a small part of what is installed
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_the_readme_is_short() -> None:
    assert len(TEXT.splitlines()) <= 150


def test_there_are_two_commands_of_one_line_each() -> None:
    assert [command.count("\n") for command in blocks("bash")] == [1, 1]


def test_the_first_command_installs_the_importer_and_links_the_sample(installed: Path) -> None:
    with (installed / LINKED).open(encoding="utf-8-sig", newline="") as file:
        assert [row["import_status"] for row in csv.DictReader(file)] == ["linked"] * 200
    prefix = run(".venv/bin/python -c 'import sys; print(sys.prefix)'", installed)
    assert Path(prefix.strip()) == installed / ".venv"


def test_the_second_command_collects_every_test_file(checkout: Path) -> None:
    # The tests are collected, which imports everything they need, but not run: this test is one of them.
    printed = run(blocks("bash")[1], checkout, PYTEST_ADDOPTS="--collect-only --quiet")
    collected = {line.partition("::")[0] for line in printed.splitlines() if "::" in line}
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if not is_long(path)]
    assert collected == {str(path.relative_to(ROOT)) for path in files}


def is_long(path: Path) -> bool:
    """Return whether all tests of a file run on request only."""
    marks = re.search(r"^pytestmark = \[.*?\]", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return marks is not None and "pytest.mark.long" in marks[0]


def test_the_outputs_are_those_of_the_commands(installed: Path, request: pytest.FixtureRequest) -> None:
    def output_of(found: re.Match[str]) -> str:
        command, shown = found.groups()
        stdout_only = shown.startswith(STDOUT_ONLY)
        printed = run(
            f"{command} || [ $? -eq 1 ]", installed, stderr=subprocess.DEVNULL if stdout_only else subprocess.STDOUT
        )
        printed = RUN_ID.sub(SHOWN_RUN_ID, printed.replace(str(installed), "…"))
        return f"$ {command}\n{STDOUT_ONLY if stdout_only else ''}{printed}"

    current = CONSOLE.sub(output_of, TEXT)
    if request.config.getoption("--update-golden"):
        README.write_text(current, encoding="utf-8")
    else:
        current, expected = (SECONDS.sub("after N s", text) for text in (current, TEXT))
        assert current == expected, "if the new output is intended: pytest -n 0 --update-golden tests/test_readme.py"


def test_the_python_example_runs(installed: Path) -> None:
    (example,) = blocks("python")
    printed = run(f".venv/bin/python -c {shlex.quote(example)}", installed)
    assert "29 4 1" in printed
    assert (installed / "linked.csv").exists()


@pytest.mark.parametrize("command", sorted(set(INLINE_COMMAND.findall(TEXT))))
def test_every_command_in_the_prose_has_its_options_and_arguments(command: str) -> None:
    name, *arguments = shlex.split(command)
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    found.make_context(name, arguments)


def test_every_command_and_exit_code_is_in_the_tables() -> None:
    assert set(cli.list_commands(click.Context(cli))) <= set(re.findall(r"\b[a-z]+\b", TEXT.split("## Commands")[1]))
    codes = re.findall(r"^\| ([\d, ]+) \|", TEXT, re.MULTILINE)
    assert {int(code) for line in codes for code in line.split(", ")} == set(EXIT_CODES)


def test_every_link_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\((.*?)\)", TEXT) if not link.startswith("http")]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_map_of_the_architecture_names_existing_files_and_directories() -> None:
    text = (ROOT / "importer" / "README.md").read_text(encoding="utf-8")
    names = re.findall(r"`((?:[a-z_]+/)*(?:[a-z_]+/|[a-z_]+\.py))`", text)
    assert len(names) > 20
    assert [name for name in names if not any((ROOT / "importer").rglob(name)) and not (ROOT / name).exists()] == []
