"""The command-line options, in groups that commands share; `importer.config` parses and validates their values."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from importer.config import ApiVersion, Settings, load_settings
from importer.errors import SettingsError
from importer.model import Role

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

_PATH = click.Path(path_type=Path)


def _group(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


reading = _group(
    click.option(
        "--from", "from_object_type", metavar="TYPE", help="Object type to link from, if no column contains it."
    ),
    click.option("--to", "to_object_type", metavar="TYPE", help="Object type to link to, if no column contains it."),
    click.option(
        "--map",
        "columns",
        metavar="ROLE=COLUMN",
        multiple=True,
        help=f"Use this column for a role; COLUMN is a header or a position (#2). Roles: {', '.join(Role)}. "
        f"{Role.LABEL}= uses no labels of the file.",
    ),
    click.option(
        "--from-by",
        metavar="PROPERTY",
        help="Look up the records to link from by this property, such as email; its column holds values, not ids.",
    ),
    click.option(
        "--to-by", metavar="PROPERTY", help="Look up the records to link to by this property, such as domain."
    ),
    click.option("--sheet", metavar="NAME", help="Sheet of a workbook, by name or number (default: first visible)."),
    click.option("--delimiter", metavar="C", help="Delimiter of a CSV file (default: detected)."),
    click.option("--encoding", metavar="NAME", help="Encoding of a CSV file (default: detected)."),
    click.option("--header-row", metavar="N", help="Row with the column names (default: first row that is not blank)."),
    click.option("--no-header", is_flag=True, default=None, help="The file has no header: columns are #1, #2, …"),
    click.option("--limit", metavar="N", help="Read only the first N data rows."),
    click.option(
        "--allow-blank", is_flag=True, default=None, help="Treat rows with an empty id cell as blank, not invalid."
    ),
    click.option("--visible-rows-only", is_flag=True, default=None, help="Skip rows that the workbook hides."),
    click.option(
        "--label",
        "labels",
        metavar="NAME",
        multiple=True,
        help="Label of every pair, by its name or CATEGORY:ID; can be repeated (unlink removes only this label).",
    ),
)
account = _group(
    click.option("--base-url", metavar="URL", help="Base URL of the API (default: https://api.hubapi.com)."),
    click.option("--api-version", metavar="VERSION", help=f"{', '.join(ApiVersion)} (default: {ApiVersion.V4})."),
    click.option(
        "--rate",
        metavar="N/SECONDS",
        help="At most N calls in any SECONDS, or auto: follow the account's limit up to 150/10 (default: auto).",
    ),
    click.option("--portal", "portal_id", metavar="ID", help="Refuse to send to any HubSpot account but this one."),
    click.option(
        "--sandbox",
        is_flag=True,
        default=None,
        help="Send to a simulated HubSpot inside this process; no account is needed.",
    ),
)
workers = click.option("--workers", metavar="N", help="Maximum number of concurrent calls (default: 64).")
_batch_rate = click.option(
    "--batch-rate", metavar="N/SECONDS", help="At most N batch calls in any SECONDS (default: 5/1)."
)
removing = _group(account, workers, _batch_rate)
linking = _group(
    removing,
    click.option(
        "--engine",
        metavar="put|batch",
        help="put: one call per pair; batch: up to 2,000 pairs per call (default: put).",
    ),
    click.option(
        "--label-mode",
        metavar="add|replace",
        help="add: keep the other labels of a pair; replace: remove them (default: add).",
    ),
    click.option(
        "--no-read-first",
        "read_first",
        flag_value=False,
        default=None,
        help="Send all pairs without first reading which are already linked; the run cannot be undone.",
    ),
)
settings_file = _group(
    click.option("--config", type=_PATH, metavar="PATH", help="TOML file with settings."),
    click.option("--profile", metavar="NAME", help="Use the settings of [profiles.NAME] in the config file."),
)
the_run = _group(
    settings_file,
    click.option("--state-dir", metavar="DIR", help="Directory of the journals."),
    click.option(
        "--no-wait",
        is_flag=True,
        default=None,
        help="Exit instead of waiting for another run with the same file or token.",
    ),
)
yes = click.option(
    "--yes",
    "yes",
    metavar="N",
    type=int,
    help="Remove the links or labels without asking, but only if there are exactly N.",
)
allow_deleting_leads = click.option(
    "--allow-deleting-leads",
    is_flag=True,
    default=None,
    help="Also remove a lead's last primary association; HubSpot then deletes the lead.",
)
fresh = click.option("--fresh", is_flag=True, help="Start a new run even if a run of this file is unfinished.")


def _not_standard_output(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse `-`, which is standard input where a source is given: standard output is for the summary."""
    if path == Path("-"):
        message = "'-' is not a file; standard output is for the summary. Name a file, such as --out results.csv."
        raise click.BadParameter(message, ctx, parameter)
    return path


out = click.option(
    "--out",
    type=_PATH,
    metavar="PATH",
    callback=_not_standard_output,
    help="Results file: a workbook if PATH ends in .xlsx, else CSV.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
output_without_report = _group(
    out,
    as_json,
    click.option("--quiet", is_flag=True, default=None, help="Print warnings and errors only."),
    click.option("--log-format", metavar="text|json", help="Format of the lines on standard error (default: text)."),
)
output = _group(
    click.option("--report", type=_PATH, metavar="PATH", help="Also write a report of the run as one HTML file."),
    output_without_report,
)
online = click.option("--online", is_flag=True, help="Also read from HubSpot: labels, existing links, Primary, limits.")
state_dir = click.option("--state-dir", metavar="DIR", help="Directory of the journals.")


def settings_from(flags: Mapping[str, Any]) -> Settings:
    """Return the settings: a command's flags over environment, profile and defaults. Raises SettingsError."""
    values = dict(flags)
    config, profile = values.pop("config", None), values.pop("profile", None)
    values["labels"] = values.pop("labels", None) or None  # () if the flag was not given
    columns = [_parse_mapping(text) for text in values.pop("columns", None) or ()]
    if columns:
        values["columns"] = dict(columns)
        if len(values["columns"]) < len(columns):
            roles = ", ".join(role for role, _ in columns)
            raise SettingsError("MAP_ROLE_REPEATED", f"--map names a role twice: {roles}. Name each role once.")
    return load_settings(values, config, profile)


def _parse_mapping(text: str) -> tuple[str, str]:
    role, equals, column = text.partition("=")
    if not equals:
        raise SettingsError(
            "MAP_MALFORMED", f"--map {text!r}: expected ROLE=COLUMN, such as --map {Role.FROM_OBJECT_ID}='Contact ID'."
        )
    return role.strip(), column.strip()
