"""The flags, in the groups that the commands share; their values are parsed and checked by `importer.config`."""

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
        "--from", "from_object_type", metavar="TYPE", help="Object type to link from, where no column gives it."
    ),
    click.option("--to", "to_object_type", metavar="TYPE", help="Object type to link to, where no column gives it."),
    click.option(
        "--map",
        "columns",
        metavar="ROLE=COLUMN",
        multiple=True,
        help=f"Which column plays a role, by header or position (#2). Roles: {', '.join(Role)}.",
    ),
    click.option(
        "--sheet", metavar="NAME", help="Sheet of a workbook, by name or number (default: the first visible)."
    ),
    click.option("--delimiter", metavar="C", help="Delimiter of a CSV (default: found out)."),
    click.option("--encoding", metavar="NAME", help="Encoding of a CSV (default: found out)."),
    click.option("--header-row", metavar="N", help="Row with the column names (default: the first that is not blank)."),
    click.option("--no-header", is_flag=True, default=None, help="The file has no header: columns are #1, #2, …"),
    click.option("--limit", metavar="N", help="Take the first N data rows only."),
    click.option("--allow-blank", is_flag=True, default=None, help="An empty id cell makes a row blank, not invalid."),
    click.option("--visible-rows-only", is_flag=True, default=None, help="Leave out rows that the workbook hides."),
)
sending = _group(
    click.option("--base-url", metavar="URL", help="Where HubSpot answers (default: https://api.hubapi.com)."),
    click.option("--api-version", metavar="VERSION", help=f"{', '.join(ApiVersion)} (default: {ApiVersion.V4})."),
    click.option(
        "--rate", metavar="N/SECONDS", help="At most N calls in any SECONDS, or auto: follow the account's limit."
    ),
    click.option("--workers", metavar="N", help="Calls in flight at the most (default: 64)."),
    click.option("--engine", metavar="put|batch", help="One call a pair, or up to 2,000 pairs a call (default: put)."),
    click.option("--batch-rate", metavar="N/SECONDS", help="At most N batch calls in any SECONDS (default: 5/1)."),
    click.option("--only-missing", is_flag=True, default=None, help="Read back what is linked and send only the rest."),
    click.option("--sandbox", is_flag=True, default=None, help="Send to a local HubSpot inside this process."),
)
the_run = _group(
    click.option("--config", type=_PATH, metavar="PATH", help="TOML file with settings."),
    click.option("--profile", metavar="NAME", help="Which [profiles.NAME] of the config file holds."),
    click.option("--state-dir", metavar="DIR", help="Where journals are kept."),
    click.option("--no-wait", is_flag=True, default=None, help="Do not wait for another run of this file or token."),
)
fresh = click.option("--fresh", is_flag=True, help="Begin anew even if a run over this file did not finish.")
out = click.option("--out", type=_PATH, metavar="PATH", help="Results file; .xlsx makes a workbook, else CSV.")
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on standard output, nothing else."
)
telling = _group(
    out,
    as_json,
    click.option("--quiet", is_flag=True, default=None, help="Print warnings and errors only."),
    click.option("--log-format", metavar="text|json", help="Form of the lines on standard error."),
)
state_dir = click.option("--state-dir", metavar="DIR", help="Where journals are kept.")


def settings_of(flags: Mapping[str, Any]) -> Settings:
    """The settings from a command's flags, over environment, profile and defaults. Raises SettingsError."""
    values = dict(flags)
    config, profile = values.pop("config", None), values.pop("profile", None)
    columns = values.pop("columns", None)
    if columns:
        named = [_role_and_column(text) for text in columns]
        values["columns"] = dict(named)
        if len(values["columns"]) < len(named):
            raise SettingsError(
                f"--map names a role twice: {', '.join(role for role, _ in named)}. Name each role once."
            )
    return load_settings(values, config, profile)


def _role_and_column(text: str) -> tuple[str, str]:
    role, equals, column = text.partition("=")
    if not equals or not column.strip():
        raise SettingsError(f"--map {text!r}: expected ROLE=COLUMN, such as --map {Role.FROM_OBJECT_ID}='Contact ID'.")
    return role.strip(), column.strip()
