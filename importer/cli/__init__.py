"""The command line. Importing this package loads nothing else, so that Ctrl-C is handled from the start."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code; Ctrl-C while modules are being loaded exits quietly."""
    gc.disable()  # modules leave little garbage; scanning their objects is a tenth of the start
    try:
        from importer.cli.application import run  # noqa: PLC0415 - loading takes a noticeable part of a second

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # as ExitCode.INTERRUPTED, whose module may not be loaded yet
    sys.exit(code)
