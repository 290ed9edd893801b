"""The command `export`: links of an account as a file that can be imported."""

from pathlib import Path
from typing import Any

import click

from importer.cli import options
from importer.cli.display import Display
from importer.cli.ending import execute
from importer.cli.output import show
from importer.cli.texts import count_text
from importer.config import Settings
from importer.runner.events import Notice
from importer.runner.export import ExportSummary, export_links

_ids = click.option(
    "--ids", type=click.Path(path_type=Path), metavar="FILE", help="CSV file of the record ids to link from."
)
_with = click.option(
    "--with",
    "properties",
    metavar="PROPERTY",
    multiple=True,
    help="Add a column with this property, such as email (from:email, to:email: for one side); can be repeated.",
)


@click.command()
@click.argument("from_type", metavar="FROM")
@click.argument("to_type", metavar="TO")
@_ids
@_with
@options.account
@options.the_run
@options.output_without_report
def export(from_type: str, to_type: str, ids: Path | None, properties: tuple[str, ...], **flags: Any) -> int:
    """Write the links from records of type FROM to records of type TO to a file.

    The file given by --out can be imported: it has the ids and the labels of each link. To import it into another
    account, where ids differ, add --with email --with domain here and --from-by email --to-by domain there.
    Changes nothing in HubSpot.
    """
    out = flags.pop("out")
    if out is None:
        raise click.UsageError("--out is missing: name the file to write, such as --out links.csv.")

    def work(settings: Settings, display: Display) -> ExportSummary:
        summary = export_links(from_type, to_type, settings, out=out, ids=ids, properties=properties, on_event=display)
        if summary.file is None:
            display(_incomplete(summary))
        return summary

    return execute(flags, {"operation": "export"}, work, ExportSummary.as_json, _show)


def _show(summary: ExportSummary) -> None:
    if summary.file is not None:
        show(f"{count_text(summary.links, 'link')} of {count_text(summary.records, 'record')}: {summary.file}")


def _incomplete(summary: ExportSummary) -> Notice:
    where = f" They are listed in {summary.unread_file}." if summary.unread_file else ""
    return Notice(f"{summary.message}{where} No file was written, because it would be incomplete.", is_warning=True)
