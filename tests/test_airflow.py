"""The DAG for many accounts in a real Airflow: `airflow dags test` with three profiles against three sandboxes.

Runs where Airflow is installed: `AIRFLOW=/path/to/airflow pytest -m long tests/test_airflow.py`.
"""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.package import PROJECT

AIRFLOW = shutil.which(os.environ.get("AIRFLOW", "airflow"))
ACCOUNTS = {"amer": 31, "apac": 32, "emea": 33}
ROWS = 5

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(AIRFLOW is None, reason="Airflow is not installed (set AIRFLOW to its program)"),
]


def token(profile: str) -> str:
    return f"pat-na1-{profile}-0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b"


def write_account(folder: Path, profile: str, url: str) -> str:
    """Write the token and the pairs of an account, and return its profile."""
    (folder / f"{profile}-token").write_text(token(profile))
    (folder / f"{profile}-token").chmod(0o600)
    first = 1000 * ACCOUNTS[profile]
    rows = "".join(f"{first + number},{number + 1}\n" for number in range(ROWS))
    (folder / f"{profile}.csv").write_text(f"Contact ID,Company ID\n{rows}")
    return (
        f'[profiles.{profile}]\nbase_url = "{url}"\nportal_id = {ACCOUNTS[profile]}\n'
        f'token_file = "{folder}/{profile}-token"\nstate_dir = "{folder}/state-{profile}"\n'
    )


def airflow(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert AIRFLOW is not None
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("IMPORTER_", "PYTHON"))},
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "sample_data" / "nightly"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "IMPORTER_PROGRAM": str(Path(sys.executable).with_name("importer")),
        "IMPORTER_ACCOUNTS": str(folder / "accounts.toml"),
        "IMPORTER_SOURCES": str(folder),
    }
    return subprocess.run(
        [AIRFLOW, *arguments], capture_output=True, text=True, env=environment, check=False, cwd=folder
    )


def test_each_profile_is_one_task_and_writes_to_its_own_account(tmp_path: Path) -> None:
    with ExitStack() as stack:
        hubspots: dict[str, SandboxProcess] = {}
        for profile, portal in ACCOUNTS.items():
            options = SandboxOptions(token=token(profile), portal_id=portal, limit=10_000, window=1.0)
            hubspots[profile] = stack.enter_context(sandbox_process(options))
        profiles = [write_account(tmp_path, profile, hubspots[profile].url) for profile in ACCOUNTS]
        (tmp_path / "accounts.toml").write_text("".join(profiles))
        for arguments in (("db", "migrate"), ("pools", "set", "hubspot", "3", "accounts")):
            done = airflow(tmp_path, *arguments)
            assert done.returncode == 0, done.stderr
        done = airflow(tmp_path, "dags", "test", "hubspot_accounts")
        assert done.returncode == 0, done.stdout + done.stderr
        for profile, hubspot in hubspots.items():
            linked = {int(one["from"]["id"]) for one in hubspot.state()["associations"]}
            assert linked == {1000 * ACCOUNTS[profile] + number for number in range(ROWS)}
    assert (tmp_path / "emea.results.csv").is_file()
    assert token("emea") not in done.stdout + done.stderr
