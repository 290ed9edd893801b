"""The files in `sample_data/nightly`: each parses, and the commands, flags and settings in it exist."""

import ast
import configparser
import re
import shlex
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from importer.cli.commands import cli
from importer.config import load_settings
from tests.support.command_line import Workplace, hubspot, wait_until, work
from tests.support.package import PROJECT

__all__ = ["hubspot", "work"]

NIGHTLY = PROJECT / "sample_data" / "nightly"


def read(name: str) -> str:
    return (NIGHTLY / name).read_text(encoding="utf-8")


def dag(name: str = "airflow_dag.py") -> ast.Module:
    return ast.parse(read(name))


def cron_jobs() -> list[str]:
    lines = read("crontab").splitlines()
    return [line for line in lines if line and not line.startswith("#") and not re.match(r"\w+\s*=", line)]


def unit(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(delimiters="=", comment_prefixes="#", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(read(name))
    return parser


def dag_command() -> list[str]:
    (assigned,) = (
        node.value for node in dag().body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMAND"
    )
    return [text.value for text in ast.walk(assigned) if isinstance(text, ast.Constant) and isinstance(text.value, str)]


def commands() -> dict[str, list[str]]:
    """Return every command of the importer in these files, by its location."""
    found = {f"crontab {number}": shlex.split(job.split(">>")[0])[5:] for number, job in enumerate(cron_jobs(), 1)}
    found["importer.service"] = shlex.split(unit("importer.service")["Service"]["ExecStart"])
    found["airflow_dag.py"] = dag_command()
    found["cronjob.yaml"] = ["/opt/importer/bin/importer", *container()["command"][1:]]
    return found


def container() -> dict[str, Any]:
    """Return the container of the CronJob."""
    (found,) = pod_template()["spec"]["template"]["spec"]["containers"]
    return dict(found)


def pod_template() -> dict[str, Any]:
    return dict(yaml.safe_load(read("cronjob.yaml"))["spec"]["jobTemplate"])


@pytest.mark.parametrize("place", commands())
def test_every_command_parses(place: str) -> None:
    program, name, *arguments = commands()[place]
    assert program == "/opt/importer/bin/importer"
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    given = command.make_context(name, arguments).params
    assert (given["file"], given["as_json"], given["profile"]) == ("/srv/crm/pairs.csv", True, "nightly")
    assert given["config"] == Path("/etc/importer/importer.toml")


def test_the_settings_exist(tmp_path: Path) -> None:
    settings = load_settings({}, NIGHTLY / "importer.toml", "nightly")
    for name, value in tomllib.loads(read("importer.toml"))["profiles"]["nightly"].items():
        assert str(getattr(settings, name)) == str(value)


def test_the_notifications_can_be_uncommented(tmp_path: Path) -> None:
    config = tmp_path / "importer.toml"
    start = "# [notify]"
    before, notify = read("importer.toml").split(start)
    config.write_text(before + "\n".join(line.removeprefix("# ") for line in (start + notify).splitlines()))
    settings = load_settings({}, config, "nightly")
    assert (settings.notify.when, settings.notify.slack_url_file) == ("trouble", Path("/etc/importer/slack-url"))
    assert settings.finish_unfinished


@pytest.mark.slow
def test_the_cron_job_finishes_a_killed_run_over_a_file_that_was_replaced(work: Workplace) -> None:
    arguments = commands()["crontab 1"][1:]
    config, source = work.folder / "importer.toml", work.folder / "pairs.csv"
    token = work.folder / "token"
    token.write_text(work.environment.pop("HUBSPOT_ACCESS_TOKEN"))
    token.chmod(0o600)
    config.write_text(read("importer.toml").replace("/etc/importer/hubspot-token", str(token)))
    paths = {"/srv/crm/pairs.csv": source, "/etc/importer/importer.toml": config}
    command = [paths.get(argument, argument) for argument in arguments]

    work.write(source.name, work.pairs(3))
    work.hubspot.change("faults", faults=["hang=put,always"])
    running = work.start(*command)
    wait_until(lambda: bool(work.asked()))
    running.send(signal.SIGKILL)
    running.end()
    work.hubspot.change("faults", faults=[])
    work.write(source.name, work.pairs(2, start=10))
    first, second = work.here(*command), work.here(*command)
    assert (first.code, first.json["linked"]) == (0, 2)
    assert [run["linked"] for run in first.json["earlier_runs"]] == [3]
    assert (second.code, second.json["already_linked"]) == (0, 2)
    assert len(work.links()) == 5


CRON_FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


@pytest.mark.parametrize("job", cron_jobs())
def test_the_times_of_the_crontab_are_valid(job: str) -> None:
    for text, (name, (low, high)) in zip(job.split()[:5], CRON_FIELDS.items(), strict=True):
        assert text == "*" or low <= int(text) <= high, name
    assert not re.search(r"(?<!\\)%", job), "cron takes % for the end of the line"


@pytest.mark.parametrize("job", cron_jobs())
def test_the_shell_command_of_a_cron_job_is_valid(job: str) -> None:
    command = job.split(maxsplit=5)[5]
    subprocess.run(["sh", "-n", "-c", command], check=True)


def test_the_units_of_systemd_are_complete() -> None:
    service, timer = unit("importer.service"), unit("importer.timer")
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["SuccessExitStatus"].split() == ["3", "143"]
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:30"
    assert timer["Install"]["WantedBy"] == "timers.target"
    names = re.findall(r"\bIMPORTER_(\w+)=", service["Service"]["Environment"])
    assert {name.lower() for name in names} <= set(type(load_settings({})).model_fields)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name in ("importer.service", "importer.timer"):
        program = "/bin/true"  # verify refuses a program that is not installed
        text = read(name).replace("/opt/importer/bin/importer", program).replace("User=importer", "User=root")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_settings_of_all_accounts_exist_and_keep_the_accounts_apart() -> None:
    profiles = tomllib.loads(read("accounts.toml"))["profiles"]
    loaded = [load_settings({}, NIGHTLY / "accounts.toml", name) for name in profiles]
    for key in ("portal_id", "token_file", "state_dir"):
        assert len({getattr(settings, key) for settings in loaded}) == len(profiles) == 3
    assert all(settings.finish_unfinished for settings in loaded)


def test_the_job_is_repeated_only_after_exit_codes_that_a_retry_resumes() -> None:
    spec = pod_template()["spec"]
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]) == ("FailJob", {"operator": "In", "values": [1, 2, 70]})
    grace = spec["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > load_settings({}, NIGHTLY / "importer.toml", "nightly").stop_grace
    volumes = {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container()["volumeMounts"]} == volumes


def test_the_dag_of_many_accounts_maps_one_task_to_each_profile() -> None:
    tree = ast.unparse(dag("accounts_dag.py"))
    assert "link.expand(profile=profiles())" in tree
    assert "@task(pool='hubspot', retries=8, retry_delay=RETRY_DELAY)" in tree
    assert "max_active_runs=1" in tree


def test_the_dag_has_one_task_that_retries_a_stopped_run_and_only_that() -> None:
    functions = [node for node in ast.walk(dag()) if isinstance(node, ast.FunctionDef)]
    decorators = {function.name: [ast.unparse(node) for node in function.decorator_list] for function in functions}
    assert decorators["link"] == ["task(retries=8, retry_delay=timedelta(hours=3))"]
    assert list(decorators) == ["hubspot_nightly", "link"]
    codes = (0, 1, 2, 3, 70, 130, 143, -signal.SIGKILL)
    permanent, temporary = "AirflowFailException", "RuntimeError"
    assert [outcome(code) for code in codes] == [
        *("ok", "ok", permanent, temporary, permanent, temporary, temporary, temporary)
    ]


def outcome(exit_code: int) -> str:
    """Return what the task does after a run with an exit code, without Airflow: `ok`, or the name of an exception."""

    class Done:
        returncode, stdout = exit_code, "{}"

    failure: Any = type("AirflowFailException", (Exception,), {})
    (link,) = (node for node in ast.walk(dag()) if isinstance(node, ast.FunctionDef) and node.name == "link")
    link.decorator_list = []
    process = type("subprocess", (), {"PIPE": -1, "run": staticmethod(lambda *arguments, **options: Done)})
    names: dict[str, Any] = {
        "COMMAND": dag_command(),
        "AirflowFailException": failure,
        "json": __import__("json"),
        "subprocess": process,
    }
    exec(compile(ast.Module([link], []), "airflow_dag.py", "exec"), names)
    try:
        names["link"]()
    except Exception as error:  # noqa: BLE001 - its type is the result
        return type(error).__name__
    return "ok"
