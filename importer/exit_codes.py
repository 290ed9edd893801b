"""The exit codes of the command line. Scripts and schedulers depend on them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended.

    After STOPPED, INTERNAL_ERROR, INTERRUPTED and TERMINATED the run can be resumed.
    """

    OK = 0
    """Every row is good."""

    SOME_ROWS_BAD = 1
    """The run completed, but some rows are not good."""

    WRONG_INPUT = 2
    """A command, config or file is wrong; nothing was sent."""

    STOPPED = 3
    """The run stopped before its end."""

    INTERNAL_ERROR = 70
    """A bug. Source: sysexits.h, EX_SOFTWARE."""

    INTERRUPTED = 130
    """SIGINT (Ctrl-C): 128 + 2, as shells report it."""

    TERMINATED = 143
    """SIGTERM: 128 + 15. SIGHUP, which ends a run in the same way, shares this code."""
