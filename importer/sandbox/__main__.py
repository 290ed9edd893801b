"""`python -m importer.sandbox`: a sandbox in a separate process, for tests that kill the importer beside it."""

import argparse
import asyncio
import sys
from contextlib import suppress
from dataclasses import fields

from importer.sandbox import FAULT_SPEC_HELP, SandboxOptions, parse_fault, serve, table


def main() -> None:
    """Serve a sandbox until interrupted."""
    arguments = vars(_parser().parse_args())
    port = arguments.pop("port")
    try:
        faults = tuple(parse_fault(text) for text in arguments.pop("fault"))
        options = SandboxOptions(**arguments, faults=faults)
    except ValueError as error:
        sys.exit(str(error))
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options, port, announce=lambda text: print(text, flush=True)))  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    """Return a parser with an argument for each option."""
    parser = argparse.ArgumentParser(
        prog="python -m importer.sandbox",
        description="A local HubSpot. Its options are described in importer.sandbox.options.",
        epilog=f"{FAULT_SPEC_HELP}\nfaults:\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SPEC")
    default = SandboxOptions()
    for option in fields(SandboxOptions):
        if option.name != "faults":
            value = getattr(default, option.name)
            kind = _boolean if isinstance(value, bool) else int if value is None else type(value)
            parser.add_argument(f"--{option.name.replace('_', '-')}", type=kind, default=value)
    return parser


def _boolean(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"invalid truth value: {text!r} (true or false)")
    return values[text.lower()]


if __name__ == "__main__":
    main()
