"""The command `sandbox`: the local HubSpot by itself."""

import asyncio
from typing import Any

import click

from importer.config import Rate, load_settings
from importer.errors import SettingsError
from importer.sandbox import FAULT_SPEC_HELP, SandboxOptions, parse_fault, serve, table


@click.command(epilog=f"\b\n{FAULT_SPEC_HELP}\n\n\b\nFaults:\n{table()}")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, help="On 127.0.0.1 (default: 8080; 0: a free one)."
)
@click.option("--fault", "faults", multiple=True, metavar="NAME=SPEC", help="Misbehave, to rehearse a bad night.")
@click.option("--limit", metavar="N/SECONDS", default="100/10", help="The account's rate limit (default: 100/10).")
@click.option("--daily-limit", type=click.IntRange(0), default=250_000, help="Calls a day (default: 250000).")
@click.option("--latency", type=click.FloatRange(0), default=0.0, help="Seconds that each answer takes (default: 0).")
@click.option("--seed", type=int, default=0, help="Decides every draw of the faults (default: 0).")
@click.option("--portal-id", type=click.IntRange(1), default=10_000_001, help="Its number (default: 10000001).")
def sandbox(port: int, faults: tuple[str, ...], limit: str, **flags: Any) -> int:
    """Serve a local HubSpot, for rehearsals."""
    rate = load_settings({"rate": limit}).rate
    if not isinstance(rate, Rate):
        raise SettingsError("--limit takes N/SECONDS, such as 100/10.")
    try:
        parsed = tuple(parse_fault(text) for text in faults)
        asyncio.run(
            serve(SandboxOptions(limit=rate.calls, window=rate.seconds, faults=parsed, **flags), port, click.echo)
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None
    except OSError as error:
        raise SettingsError(f"Port {port} cannot be used: {error.strerror}. Choose another with --port.") from error
    return 0
