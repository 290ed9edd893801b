"""The command `sandbox`: the simulated HubSpot as a server."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import click

from importer.config import Rate, load_settings
from importer.errors import SettingsError
from importer.sandbox import FAULT_SPEC_HELP, SandboxOptions, parse_fault, serve, table


@click.command(epilog=f"\b\n{FAULT_SPEC_HELP}\n\n\b\nFaults:\n{table()}")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, help="Port on 127.0.0.1 (default: 8080; 0: any free port)."
)
@click.option("--fault", "faults", multiple=True, metavar="NAME=SPEC", help="Inject a fault (see below).")
@click.option("--limit", metavar="N/SECONDS", default="100/10", help="The account's rate limit (default: 100/10).")
@click.option("--daily-limit", type=click.IntRange(0), default=250_000, help="Calls per day (default: 250000).")
@click.option("--latency", type=click.FloatRange(0), default=0.0, help="Seconds until each response (default: 0).")
@click.option("--seed", type=int, default=0, help="Seed of the faults' random numbers (default: 0).")
@click.option("--portal-id", type=click.IntRange(1), default=10_000_001, help="Account id (default: 10000001).")
@click.option(
    "--access-token-seconds",
    type=click.FloatRange(0, min_open=True),
    default=1_800.0,
    help="Lifetime of the OAuth access tokens that it issues (default: 1800).",
)
@click.option("--rotate-refresh-tokens", is_flag=True, help="Replace the OAuth refresh token whenever it is used.")
def sandbox(port: int, faults: tuple[str, ...], limit: str, **flags: Any) -> int:
    """Serve a simulated HubSpot on this machine, for rehearsals.

    It accepts the token that it prints. For OAuth it accepts the client id sandbox-client, the client secret
    sandbox-secret and the refresh token sandbox-refresh: put the last two into the files named under [oauth] in the
    config file.
    """
    options = _options(faults, limit, flags)
    try:
        asyncio.run(serve(options, port, click.echo))
    except OSError as error:
        raise SettingsError(
            "PORT_UNAVAILABLE", f"Port {port} cannot be used: {error.strerror}. Choose another one with --port."
        ) from error
    return 0


def _options(faults: Iterable[str], limit: str, flags: Mapping[str, Any]) -> SandboxOptions:
    """Return the options that the flags describe. Raises SettingsError."""
    rate = load_settings({"rate": limit}).rate
    if not isinstance(rate, Rate):
        raise SettingsError("SETTING_INVALID", "--limit: expected N/SECONDS, such as 100/10.")
    try:
        parsed = tuple(parse_fault(text) for text in faults)
        return SandboxOptions(limit=rate.calls, window=rate.seconds, faults=parsed, sample_links=True, **flags)
    except ValueError as error:
        raise SettingsError("SANDBOX_OPTION_INVALID", str(error)) from None
