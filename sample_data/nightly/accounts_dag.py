"""Airflow DAG that runs the importer every night for many HubSpot accounts, one task for each (tried with Airflow 3.3).

Create its pool with one slot for each account: `airflow pools set hubspot 3 "one slot for each HubSpot account"`. An
account's task never runs twice at the same time, so its token is never used on two machines: a DAG run has one task for
each account, and there is one DAG run at a time. Airflow may put the tasks on any workers, so keep `state_dir` on a
volume that all of them mount. Without it, a retry on another machine starts a new run, which first reads what is linked
and sends only the rest.
"""

import json
import os
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

# No prefix IMPORTER_: the importer would read such variables as its settings.
IMPORTER = os.environ.get("HUBSPOT_DAG_IMPORTER", "/opt/importer/bin/importer")
CONFIG = os.environ.get("HUBSPOT_DAG_CONFIG", "/etc/importer/accounts.toml")
SOURCES = os.environ.get("HUBSPOT_DAG_SOURCES", "/srv/crm")
RETRY_DELAY = timedelta(seconds=float(os.environ.get("HUBSPOT_DAG_RETRY_SECONDS", "10800")))


@dag(schedule="30 2 * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def hubspot_accounts():
    @task
    def profiles() -> list[str]:
        """Return the profiles of the config file: one task is mapped to each."""
        return sorted(tomllib.loads(Path(CONFIG).read_text(encoding="utf-8"))["profiles"])

    @task(pool="hubspot", retries=8, retry_delay=RETRY_DELAY)
    def link(profile: str) -> dict:
        """Run the importer for one account; return its report."""
        source = f"{SOURCES}/{profile}.csv"
        command = [IMPORTER, "run", source, "--config", CONFIG, "--profile", profile, "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode in (0, 1):  # 0: every row is good, 1: some rows need correction
            return json.loads(done.stdout)
        if done.returncode in (2, 70):  # 2: wrong command, settings or file; 70: a bug. A retry would fail again
            raise AirflowFailException(f"{profile}: the importer failed with exit code {done.returncode}; see the log.")
        # 3: stopped early; 130, 143: interrupted; negative: killed, by SIGKILL for example. A retry resumes the run.
        raise RuntimeError(f"{profile}: the importer stopped with exit code {done.returncode}: {done.stdout}")

    link.expand(profile=profiles())


hubspot_accounts()
