"""Airflow DAG with one task that runs the importer every night (tried with Airflow 3)."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

COMMAND = [
    *("/opt/importer/bin/importer", "run", "/srv/crm/pairs.csv"),
    *("--config", "/etc/importer/importer.toml", "--profile", "nightly", "--json"),
]


@dag(schedule="30 2 * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def hubspot_nightly():
    @task(retries=8, retry_delay=timedelta(hours=3))
    def link() -> dict:
        """Run the importer; return its report, from which a later task can mail `failures` to the rows' owners."""
        done = subprocess.run(COMMAND, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode in (0, 1):  # 0: every row is good, 1: some rows need correction
            return json.loads(done.stdout)
        if done.returncode in (2, 70):  # 2: wrong command, settings or file; 70: a bug. A retry would fail again
            raise AirflowFailException(f"The importer failed with exit code {done.returncode}; see the task's log.")
        # 3: stopped early; 130, 143: interrupted; negative: killed, by SIGKILL for example. A retry resumes the run.
        raise RuntimeError(f"The importer stopped with exit code {done.returncode}: {done.stdout}")

    link()


hubspot_nightly()
