"""How a process ends: after signals, with broken standard streams, and with errors of the operating system."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.sandbox import parse_fault
from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, ROOT, Workplace, rows_of, wait_until, workplace_in

pytestmark = pytest.mark.slow

# ---- signals


UNLESS_IGNORED = pytest.mark.skipif(
    signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="the tests run under nohup, which commands inherit"
)


@pytest.mark.parametrize(
    ("number", "code", "flags"),
    [
        (signal.SIGINT, 130, ("--no-read-first",)),
        (signal.SIGTERM, 143, ("--no-read-first", "--engine", "batch")),
        pytest.param(signal.SIGHUP, 143, ("--no-read-first",), marks=UNLESS_IGNORED),
        (signal.SIGTERM, 143, ()),
    ],
)
def test_a_signal_ends_a_run_within_its_grace_without_any_response(
    tmp_path: Path, number: signal.Signals, code: int, flags: tuple[str, ...]
) -> None:
    with sandbox_thread(replace(FAST, faults=(parse_fault("lost_hang=always"),))) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        source = work.write("a.csv", work.pairs(10))
        running = work.start("run", source, "--json", "--workers", "4", *flags, IMPORTER_STOP_GRACE="1")
        wait_until(lambda: work.calls() > 0)
        start = time.monotonic()
        running.send(number)
        done = running.end()
        assert time.monotonic() - start < 30  # it waits for responses up to 40 s otherwise
    assert done.code == code
    assert (done.json["status"], done.json["stopped_by"]) == ("interrupted", number.name)
    rows = rows_of(Path(done.json["results"]))
    assert len(rows) == 10
    assert {row["import_status"] for row in rows} <= {"unconfirmed", "not_sent"}
    if "--no-read-first" in flags:
        assert done.json["unconfirmed"] == (10 if "batch" in flags else 4)


def test_an_ignored_hangup_stays_ignored_as_under_nohup(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(100))
    command = [sys.executable, "-m", "importer", "run", str(source), "--quiet", "--rate", "100/1"]
    ignoring = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *command]
    with subprocess.Popen(ignoring, cwd=work.folder, env=work.environment) as process:
        wait_until(lambda: bool(work.asked()))
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0
    assert len(work.links()) == 100


@pytest.mark.parametrize("module", ["platformdirs", "click", "importer.config.settings"])
@pytest.mark.parametrize("start", [["-m", "importer"], ["-c", "from importer.cli import main; main()"]])
def test_ctrl_c_while_modules_are_loaded_ends_quietly(tmp_path: Path, module: str, start: list[str]) -> None:
    hook = tmp_path / "sitecustomize.py"  # runs before the command and interrupts the import of one module
    hook.write_text(
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )
    done = subprocess.run(
        [sys.executable, *start, "runs"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# ---- standard streams


STREAMS = [
    *((stdout, "") for stdout in (">&-", ">/dev/full", "| true")),
    *(("", stderr) for stderr in ("2>&-", "2>/dev/full")),
    (">/dev/full", "2>/dev/full"),
    ("| true", "2>&-"),
    ("<&- >&-", "2>&-"),
]


def shell(work: Workplace, *arguments: str) -> int:
    command = f"set -o pipefail; {sys.executable} -m importer {' '.join(arguments)}"
    environment = {**work.environment, "PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        ["bash", "-c", command], cwd=work.folder, env=environment, capture_output=True, timeout=60, check=False
    )
    return done.returncode


@pytest.mark.parametrize(("stdout", "stderr"), STREAMS)
def test_the_exit_code_does_not_depend_on_the_streams(work: Workplace, stdout: str, stderr: str) -> None:
    work.write("a.csv", [*work.pairs(3), ("x", 1)])
    assert shell(work, "run a.csv --json", stderr, stdout) == 1
    assert [row["import_status"] for row in rows_of(work.folder / "a.results.csv")] == ["linked"] * 3 + ["invalid"]


@pytest.mark.parametrize("streams", ["2>&-", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize("command", ["run none.csv", "run --nothing", "run - <&-"])
def test_wrong_input_is_2_even_with_broken_streams(work: Workplace, command: str, streams: str) -> None:
    assert shell(work, command, streams) == 2


def test_standard_output_that_cannot_be_written_is_reported(work: Workplace) -> None:
    work.write("a.csv", work.pairs(3))
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "importer", "run", "a.csv", "--json", "--quiet"],
            cwd=work.folder,
            env=work.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        0,
        "Warning: standard output could not be written: No space left on device.\n",
    )


# ---- errors of the operating system


NO_PASSWD_ENTRY = "import pwd; pwd.getpwuid = {}.__getitem__; from importer.cli import main; main()"


def test_without_a_home_directory_a_state_directory_is_required(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(1))
    environment = {**work.environment, "IMPORTER_STATE_DIR": "", "XDG_STATE_HOME": "", "HOME": "relative"}
    done = subprocess.run(
        [sys.executable, "-c", NO_PASSWD_ENTRY, "run", str(source)],
        cwd=work.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith("[STATE_DIR_UNKNOWN]\n")
    assert {path.name for path in work.folder.iterdir()} == {"a.csv", "tmp"}


def replace_by_directory(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def test_a_lock_that_cannot_be_opened_is_one_line_with_a_code(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(2))
    assert work.here("run", source).code == 0
    for pattern in ("state/commands/*.lock", "home/importer/rate/*.lock"):
        (lock,) = work.folder.glob(pattern)
        replace_by_directory(lock)
        done = work.here("run", source, "--fresh", "--quiet")
        assert done.code == 2
        assert done.error_code == "FILE_UNUSABLE"
        assert str(lock) in done.error
        lock.rmdir()


@pytest.mark.parametrize("name", ["state", "state/runs", "state/commands"])
def test_a_file_in_place_of_a_directory_is_one_line_with_a_code(work: Workplace, name: str) -> None:
    source = work.write("a.csv", work.pairs(2))
    (work.folder / name).parent.mkdir(exist_ok=True)
    (work.folder / name).touch()
    done = work.here("run", source, "--quiet")
    assert done.code == 2
    assert done.error_code == "FILE_UNUSABLE"
    assert str(work.folder / "state") in done.error
    assert work.asked() == {}


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB with few inodes; skipped if this user may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    options = "size=64k,nr_inodes=8"
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_standard_input_that_does_not_fit_on_the_disk_is_one_line_with_a_code(work: Workplace, tiny_disk: Path) -> None:
    content = work.write("a.csv", work.pairs(4_000)).read_bytes()
    assert len(content) > 64 * 1024
    done = work.run("run", "-", "--quiet", stdin=content, IMPORTER_STATE_DIR=str(tiny_disk))
    assert done.code == 2
    assert done.error_code == "DISK_FULL"
    assert list(tiny_disk.iterdir()) == []
    assert work.asked() == {}


def test_a_disk_without_inodes_is_one_line_with_a_code(work: Workplace, tiny_disk: Path) -> None:
    for number in itertools.count():
        try:
            (tiny_disk / str(number)).touch()
        except OSError:
            break
    done = work.run("run", work.write("a.csv", work.pairs(2)), "--quiet", IMPORTER_STATE_DIR=str(tiny_disk / "state"))
    assert done.code == 2
    assert done.error_code == "DISK_FULL"
    assert work.asked() == {}


@pytest.mark.parametrize(
    "url", ["https://a..b", "https://.a", "https://a b.c", "https://" + "a" * 64 + ".b", "https://a%b"]
)
def test_an_impossible_address_is_rejected(work: Workplace, url: str) -> None:
    done = work.here("run", work.write("a.csv", work.pairs(1)), "--base-url", url)
    assert done.code == 2
    assert done.error_code == "SETTING_INVALID"
