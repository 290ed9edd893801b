"""Markdown tables, and a description of the machine."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> str:
    """Return a Markdown table under a title; the first column is text, the others are numbers."""
    lines = [f"### {title}", "", _line(header), "|---|" + "---:|" * (len(header) - 1), *map(_line, rows), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes), *([""] if notes else [])])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """Describe the hardware, the system and the versions of the measured libraries."""
    libraries = ("aiohttp", "hubspot-api-client", "pandas", "openpyxl", "uvloop")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {', '.join(f'{name} {_version(name)}' for name in libraries)}. "
        f"Load at the start: {os.getloadavg()[0]:.1f}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def show(text: str) -> None:
    """Print a part of the report immediately."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
