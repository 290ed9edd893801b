"""How a process of the command line is set up."""

import os
import subprocess
import sys

import pytest

from tests.support.command_line import ROOT

pytestmark = pytest.mark.slow


def test_garbage_is_collected_while_a_command_runs() -> None:
    program = (
        "import gc, sys; from importer.cli import application, main\n"
        "def command(arguments): print(gc.isenabled(), gc.get_freeze_count() > 0); return 0\n"
        "application._run_command = command; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["True", "True"]
