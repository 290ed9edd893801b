"""The command line that is equivalent to a run of the page."""

import shlex
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from importer.journal import SANDBOX, RunInfo
from importer.model import Operation
from importer.web.session import Launch

_CRON = "15 2 * * *"
"""Every night at a quarter past two, when few people use the account."""

_VALUES = {
    "from_object_type": "--from",
    "to_object_type": "--to",
    "from_by": "--from-by",
    "to_by": "--to-by",
    "sheet": "--sheet",
    "delimiter": "--delimiter",
    "encoding": "--encoding",
    "header_row": "--header-row",
    "limit": "--limit",
    "portal_id": "--portal",
}
_SWITCHES = {"no_header": "--no-header", "allow_blank": "--allow-blank", "visible_rows_only": "--visible-rows-only"}


def command_values(info: RunInfo, launch: Launch) -> dict[str, str | None]:
    """Return the command line of a run and, if it can run every night, a line for cron, as JSON values.

    There is no line for a retry or an undo, which belongs to one run, or for a removal, which a person must confirm.
    """
    command = [*arguments(info), *_launched(launch)]
    is_nightly = info.operation is Operation.LINK and info.parent is None
    cron = f"{_CRON}  cd /path/to/files && {shlex.join([*command, '--json'])}"
    return {"command": shlex.join(command), "cron": cron if is_nightly else None}


def arguments(info: RunInfo) -> list[str]:
    """Return the command line of a run, whose file is expected in the working directory."""
    if info.operation is Operation.UNDO:
        return ["importer", "undo", str(info.parent)]
    if info.parent is not None:
        return ["importer", "retry", info.parent]
    name = "unlink" if info.operation is Operation.UNLINK else "run"
    return ["importer", name, Path(info.source).name, *_reading(info.reading), *_sending(info)]


def _reading(reading: Mapping[str, Any]) -> list[str]:
    found = []
    for key, flag in _VALUES.items():
        if reading.get(key) is not None:
            found += [flag, str(reading[key])]
    found += [flag for key, flag in _SWITCHES.items() if reading.get(key)]
    for role, column in reading.get("columns", {}).items():
        found += ["--map", f"{role}={column}"]
    for label in reading.get("labels", ()):
        found += ["--label", label]
    return found


def _sending(info: RunInfo) -> list[str]:
    mode = info.settings.get("label_mode", "add") if info.operation is Operation.LINK else "add"
    return [*(["--label-mode", mode] if mode != "add" else []), *(["--sandbox"] if info.target == SANDBOX else [])]


def _launched(launch: Launch) -> list[str]:
    """Return the flags that the page was started with, which the command needs to find its runs and its account."""
    places = ("--state-dir", launch.flags.get("state_dir")), ("--config", launch.config)
    found = [[flag, str(Path(place).absolute())] for flag, place in places if place]
    return [*chain.from_iterable(found), *(["--profile", launch.profile] if launch.profile else [])]
