"""`python -m importer.sandbox`: a sandbox in a process of its own, for tests that kill the importer beside it."""

import argparse
import asyncio
import sys
from contextlib import suppress

from importer.sandbox import FAULT_SPEC_HELP, SandboxOptions, parse_fault, serve, table

_DEFAULT = SandboxOptions()


def main() -> None:
    """Serve a sandbox until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m importer.sandbox",
        description="A local HubSpot.",
        epilog=f"{FAULT_SPEC_HELP}\nfaults:\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--token", default=_DEFAULT.token)
    parser.add_argument("--limit", type=int, default=_DEFAULT.limit, help="calls in any window")
    parser.add_argument("--window", type=float, default=_DEFAULT.window, help="seconds")
    parser.add_argument("--daily-limit", type=int, default=_DEFAULT.daily_limit)
    parser.add_argument("--latency", type=float, default=_DEFAULT.latency, help="seconds")
    parser.add_argument("--jitter", type=float, default=_DEFAULT.jitter, help="seconds")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SPEC")
    parser.add_argument("--seed", type=int, default=_DEFAULT.seed)
    parser.add_argument("--link-cap", type=int, default=_DEFAULT.link_cap)
    parser.add_argument("--page-size", type=int, default=_DEFAULT.page_size)
    parser.add_argument("--batch-inputs", type=int, default=_DEFAULT.batch_inputs, help="maximum of a batch associate")
    parser.add_argument("--read-inputs", type=int, default=_DEFAULT.read_inputs, help="maximum of a batch read")
    parser.add_argument("--portal-id", type=int, default=_DEFAULT.portal_id, help="id of the account")
    arguments = vars(parser.parse_args())
    port = arguments.pop("port")
    try:
        faults = tuple(parse_fault(text) for text in arguments.pop("fault"))
        options = SandboxOptions(**arguments, faults=faults)
    except ValueError as error:
        sys.exit(str(error))
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options, port, announce=lambda text: print(text, flush=True)))  # noqa: T201


if __name__ == "__main__":
    main()
