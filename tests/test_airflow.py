"""The DAG for many accounts in a real Airflow: `airflow dags test` with three profiles against three sandboxes.

Runs where Airflow is installed: `AIRFLOW=/path/to/airflow pytest -m long tests/test_airflow.py`. How to install it:
`sample_data/nightly/README.md`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from importer.sandbox import SandboxOptions
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import wait_until
from tests.support.package import PROJECT

AIRFLOW = shutil.which(os.environ.get("AIRFLOW", "airflow"))
ACCOUNTS = {"amer": 31, "apac": 32, "emea": 33}
ROWS = 5

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(AIRFLOW is None, reason="Airflow is not installed (set AIRFLOW to its program)"),
]


def token(profile: str) -> str:
    return f"pat-na1-{profile}-0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"


def write_account(folder: Path, profile: str, url: str) -> str:
    """Write the token and the pairs of an account, and return its profile."""
    (folder / f"{profile}-token").write_text(token(profile))
    (folder / f"{profile}-token").chmod(0o600)
    rows = "".join(f"{one},{other}\n" for one, other in pairs_of(profile))
    (folder / f"{profile}.csv").write_text(f"Contact ID,Company ID\n{rows}")
    return (
        f'[profiles.{profile}]\nbase_url = "{url}"\nportal_id = {ACCOUNTS[profile]}\n'
        f'token_file = "{folder}/{profile}-token"\nstate_dir = "{folder}/state-{profile}"\n'
    )


@dataclass(frozen=True, slots=True)
class Airflow:
    """A separate Airflow in a folder, with the DAGs of `sample_data/nightly`."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("IMPORTER_", "PYTHON"))},
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "sample_data" / "nightly"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "HUBSPOT_DAG_IMPORTER": str(Path(sys.executable).with_name("importer")),
            "HUBSPOT_DAG_CONFIG": str(self.folder / "accounts.toml"),
            "HUBSPOT_DAG_SOURCES": str(self.folder),
            "HUBSPOT_DAG_RETRY_SECONDS": "1",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        assert AIRFLOW is not None
        return subprocess.Popen(
            [AIRFLOW, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            cwd=self.folder,
        )

    def run(self, *arguments: str) -> str:
        """Run an Airflow command and return its output."""
        process = self.start(*arguments)
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
        return printed


def kill_importer(folder: Path, profile: str) -> None:
    """Kill the importer that is working on a profile in this folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().decode().split("\0")
            if profile in words and str(folder / "accounts.toml") in words:
                os.kill(int(process.name), signal.SIGKILL)


def pairs_of(profile: str) -> list[tuple[int, int]]:
    return [(1000 * ACCOUNTS[profile] + number, number + 1) for number in range(ROWS)]


def ids(entry: dict[str, Any]) -> tuple[int, int]:
    return int(entry["from"]["id"]), int(entry["to"]["id"])


def test_each_profile_is_one_task_and_a_killed_one_is_resumed_by_its_retry(tmp_path: Path) -> None:
    airflow, killed = Airflow(tmp_path), "apac"
    last = pairs_of(killed)[-1]
    with ExitStack() as stack:
        hubspots: dict[str, SandboxProcess] = {}
        for profile, portal in ACCOUNTS.items():
            options = SandboxOptions(token=token(profile), portal_id=portal, limit=10_000, window=1.0)
            hubspots[profile] = stack.enter_context(sandbox_process(options))
        profiles = [write_account(tmp_path, profile, hubspots[profile].url) for profile in ACCOUNTS]
        (tmp_path / "accounts.toml").write_text("".join(profiles))
        hubspots[killed].change("faults", faults=[f"hang=contacts:{last[0]}>companies:{last[1]}"])
        airflow.run("db", "migrate")
        airflow.run("pools", "set", "hubspot", str(len(ACCOUNTS)), "one slot for each HubSpot account")

        process = airflow.start("dags", "test", "hubspot_accounts")
        wait_until(lambda: last in map(ids, hubspots[killed].state()["asked"]) or process.poll() is not None, 600)
        hubspots[killed].change("faults", faults=[])
        kill_importer(tmp_path, killed)
        printed, _ = process.communicate()
        (tmp_path / "dags_test.txt").write_text(printed)  # to be looked at with --basetemp
        assert process.returncode == 0, printed

        for profile, hubspot in hubspots.items():
            state = hubspot.state()
            assert set(map(ids, state["associations"])) == set(pairs_of(profile))
            again = {last} if profile == killed else set()  # only the pair that was in flight
            assert {ids(one) for one in state["asked"] if one["times"] > 1} == again
            assert len(list((tmp_path / f"state-{profile}" / "runs").glob("*.sqlite"))) == 1
            assert len((tmp_path / f"{profile}.results.csv").read_text().splitlines()) == ROWS + 1
    assert_one_task_for_each_profile(airflow)
    assert not any(token(profile) in printed for profile in ACCOUNTS)


def assert_one_task_for_each_profile(airflow: Airflow) -> None:
    listed = json.loads(airflow.run("dags", "list-runs", "hubspot_accounts", "--output", "json").splitlines()[-1])
    (run,) = listed
    states = airflow.run("tasks", "states-for-dag-run", "hubspot_accounts", run["run_id"], "--output", "json")
    mapped = [one for one in json.loads(states.splitlines()[-1]) if one["task_id"] == "link"]
    assert [(one["map_index"], one["state"]) for one in mapped] == [(str(place), "success") for place in range(3)]
