"""The command `web`: the local page."""

import json
from pathlib import Path
from typing import Any

import click

from importer.cli import options
from importer.errors import SettingsError
from importer.web.serve import serve_page
from importer.web.session import Launch


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 (default: any free port).")
@click.option("--no-browser", is_flag=True, help="Print the address without opening a browser.")
@click.option(
    "--sandbox", is_flag=True, default=None, help="Send to a simulated HubSpot on this machine; no account is needed."
)
@options.settings_file
@options.state_dir
@click.option("--json", "as_json", is_flag=True, help="Print the address as a JSON object.")
def web(port: int, no_browser: bool, as_json: bool, config: Path | None, profile: str | None, **flags: Any) -> int:
    """Open a page in the browser that links the pairs of a spreadsheet, step by step.

    The page is for this machine and this user only. Ctrl-C stops it; a run that this interrupts can be resumed.
    """
    settings = options.settings_from({**flags, "config": config, "profile": profile})

    def announce(url: str) -> None:
        click.echo(json.dumps({"url": url}) if as_json else f"Open {url} (Ctrl-C stops the page)")

    launch = Launch(
        settings,
        {name: value for name, value in flags.items() if value is not None},
        str(config) if config else None,
        profile,
    )
    try:
        return serve_page(launch, port, announce, lambda text: click.echo(text, err=True), open_browser=not no_browser)
    except OSError as error:
        raise SettingsError(
            "PORT_UNAVAILABLE", f"Port {port} cannot be used: {error.strerror}. Choose another one with --port."
        ) from error
