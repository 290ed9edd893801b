"""The floors of the package: imports point down only, and some libraries have one room."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import importer

PACKAGE = Path(importer.__file__).parent

FLOORS = {
    "importer": 6,
    "cli": 5,
    "runner": 4,
    "pool": 3,
    "reporter": 3,
    "reader": 2,
    "journal": 2,
    "hubspot": 2,
    "config": 1,
    "atomic_file": 0.9,
    "written_files": 0.5,
    "model": 0,
    "errors": 0,
    "exit_codes": 0,
    "timestamps": 0,
    "printable": -2,
    "redaction": -1,
}
"""The floor of each room, below 0 what even errors need. `importer` stands for the package's own two files."""

ROOMS_OF_LIBRARIES = {
    "aiohttp": {"hubspot", "sandbox"},
    "yarl": {"hubspot"},
    "aiolimiter": {"hubspot"},
    "sqlite3": {"journal"},
    "orjson": {"journal"},
    "numpy": {"journal"},
    "pydantic": {"config", "hubspot", "runner"},  # the last two hold the token as a SecretStr
    "click": {"cli"},
    "tqdm": {"cli"},
    "pandas": {"reader", "runner"},
    "xlsxwriter": {"reporter"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(("importer", *parts)).removesuffix(".__init__"), path


MODULES = dict(modules())


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__main__" else "importer"


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, in functions and for types too, as a dotted name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def own_imports(module: str) -> set[str]:
    return {room(name) for name in imports(MODULES[module]) if name.split(".")[0] == "importer"}


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in MODULES} == set(FLOORS) | {"sandbox"}


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) != "sandbox"])
def test_imports_point_down_only(module: str) -> None:
    own = room(module)
    for other in own_imports(module) - {own}:
        if other == "sandbox":
            assert own in {"runner", "cli"}, f"{module} imports the sandbox"
        else:
            assert FLOORS[other] < FLOORS[own], f"{module} imports {other}"


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) == "sandbox"])
def test_the_sandbox_imports_nothing_of_the_package_but_itself(module: str) -> None:
    assert own_imports(module) <= {"sandbox"}


@pytest.mark.parametrize("library", ROOMS_OF_LIBRARIES)
def test_a_library_stays_in_its_rooms(library: str) -> None:
    found = {
        room(module) for module, path in MODULES.items() if library in {name.split(".")[0] for name in imports(path)}
    }
    assert found <= ROOMS_OF_LIBRARIES[library]
    assert found, f"nothing imports {library}"


def test_the_libraries_that_judge_the_readers_are_of_the_tests_alone() -> None:
    found = {name.split(".")[0] for path in MODULES.values() for name in imports(path)}
    assert not found & {"openpyxl", "python_calamine", "xlrd"}


def loaded_by(code: str) -> set[str]:
    code += "\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    return set(done.stdout.split())


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    loaded = loaded_by("import importer.cli")
    assert "importer.runner.run" in loaded
    assert not loaded & {"pandas", "numpy", "openpyxl", "importer.sandbox", "aiohttp.web"}


def test_reading_a_csv_loads_no_pandas() -> None:
    code = """
from pathlib import Path
from importer.config import Reading
from importer.reader import open_source
with open_source(Path("sample_data/contacts_to_companies.csv"), Reading()) as source:
    assert sum(len(block.numbers) for block in source.blocks()) == 200
"""
    assert not loaded_by(code) & {"pandas", "numpy", "openpyxl"}
