"""Layers: imports point down only, packages do not import each other in circles, each library has its packages."""

import re
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.package import MODULES, PROJECT, check_none, imports, imports_at_start

LAYERS = (
    ("importer.redaction", "importer.printable"),
    (
        "importer.model",
        "importer.stops",
        "importer.corrections",
        "importer.result_columns",
        "importer.errors",
        "importer.exit_codes",
        "importer.timestamps",
        "importer.atomic_file",
        "importer.temporary_directories",
        "importer.written_files",
    ),
    ("importer.config",),
    ("importer.reader", "importer.journal", "importer.hubspot"),
    ("importer.pool", "importer.reporter"),
    ("importer.runner",),
    ("importer.cli", "importer.web"),
    ("importer", "importer.__main__"),
)
"""From the bottom up. A package imports lower layers only; the modules of the lowest two layers also each other."""

READER_LAYERS = (
    ("importer.reader.files.workbook",),
    ("importer.reader.messages",),
    ("importer.reader.files",),
    ("importer.reader.columns",),
    ("importer.reader.rows",),
    ("importer.reader",),
)
"""From the bottom up. `importer.reader` is what joins them: its `source`, `parts` and `previous_results`."""

SANDBOX_USERS = {"importer.runner", "importer.cli", "importer.web"}

PACKAGES_OF_LIBRARIES = {
    "aiohttp": {"hubspot", "runner", "sandbox", "web"},  # the runner sends notifications
    "aiolimiter": {"hubspot"},
    "click": {"cli"},
    "jinja2": {"reporter"},
    "numpy": {"journal"},
    "openpyxl": {"reporter"},
    "orjson": {"hubspot", "journal"},
    "pandas": {"reader", "reporter", "runner"},
    "pydantic": {"config", "hubspot", "runner", "web"},  # the last three hold secrets as SecretStr
    "sqlite3": {"journal", "runner"},  # the latter for values that were looked up
    "tqdm": {"cli"},
    "xlsxwriter": {"reporter"},
    "yarl": {"hubspot"},
}

INDEPENDENT_READERS = {"python_calamine", "xlrd"}
"""Libraries that the tests compare the reader with, which would be pointless if the package used them."""

STARTER = "importer.cli.web_command"
"""The module of the command line that starts the page; otherwise the two front ends do not know each other."""

IMPORT_NAMES = {"python-calamine": "python_calamine", "xlsxwriter": "xlsxwriter"}


def layer_of(module: str, layers: tuple[tuple[str, ...], ...]) -> tuple[int, str] | None:
    """Return the layer's number and the package of a module: that of the longest matching name."""
    found = [
        (len(package), number, package)
        for number, packages in enumerate(layers)
        for package in packages
        if module == package or (module.startswith(f"{package}.") and package != "importer")
    ]
    return max(found)[1:] if found else None


def package_of(module: str) -> str:
    """Return the name of a module's package inside `importer`, or of the module if it is directly in it."""
    return module.partition(".")[2].partition(".")[0]


def own_imports(module: str) -> set[str]:
    return {name for name in imports(module) if name.partition(".")[0] == "importer"}


def upward_imports(module: str, layers: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the imports of a module that are not in a lower layer nor in its own package."""
    own = layer_of(module, layers)
    assert own is not None, f"{module} belongs to no layer"
    found = []
    for name in sorted(own_imports(module)):
        other = layer_of(name, layers)
        if other is None or other == own:
            continue
        same_layer_is_allowed = own[0] <= 1 and layers is LAYERS  # single modules; cycles are checked below
        if other[0] > own[0] or (other[0] == own[0] and not same_layer_is_allowed):
            found.append(name)
    return found


WITHOUT_SANDBOX = [module for module in MODULES if package_of(module) != "sandbox"]


def test_imports_point_down() -> None:
    found = [(module, name) for module in WITHOUT_SANDBOX for name in upward_imports(module, LAYERS)]
    check_none(
        f"{module} imports {name}"
        for module, name in found
        if module != STARTER or not name.startswith("importer.web.")
    )


def test_imports_inside_the_reader_point_down() -> None:
    check_none(
        f"{module} imports {name}"
        for module in MODULES
        if package_of(module) == "reader"
        for name in upward_imports(module, READER_LAYERS)
    )


def is_in(package: str, module: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


@pytest.mark.parametrize("package", ["importer.reader.files.workbook", "importer.sandbox"])
def test_some_packages_import_nothing_else_of_ours(package: str) -> None:
    modules = [module for module in MODULES if is_in(package, module)]
    assert len(modules) > 5
    check_none(
        f"{module} imports {name}" for module in modules for name in own_imports(module) if not is_in(package, name)
    )


def test_only_the_runner_and_the_front_ends_import_the_sandbox() -> None:
    users = {module for module in WITHOUT_SANDBOX if any(package_of(name) == "sandbox" for name in own_imports(module))}
    assert {".".join(module.split(".")[:2]) for module in users} <= SANDBOX_USERS


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name in imports_at_start(module) if name in MODULES and name != module} for module in MODULES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def test_a_library_is_imported_in_all_of_its_packages_and_nowhere_else() -> None:
    users = {
        library: {package_of(module) for module in MODULES if library in libraries(module)}
        for library in PACKAGES_OF_LIBRARIES
    }
    assert users == PACKAGES_OF_LIBRARIES


def libraries(module: str) -> set[str]:
    return {name.partition(".")[0] for name in imports(module)} - {"importer"}


def test_the_package_declares_exactly_the_libraries_that_it_imports() -> None:
    imported = set().union(*map(libraries, MODULES)) - sys.stdlib_module_names
    assert imported - {"yarl", "_typeshed"} == declared()  # aiohttp's own URLs; a module for type checkers only


def declared() -> set[str]:
    """Return the import names of the dependencies in pyproject.toml."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=\[; ]", text)[0] for text in project["dependencies"]]
    return {IMPORT_NAMES.get(name, name).replace("-", "_") for name in names}


def test_the_package_does_not_import_the_readers_that_it_is_compared_with() -> None:
    assert not INDEPENDENT_READERS & set().union(*map(libraries, MODULES))


def loaded_by(code: str) -> set[str]:
    """Return the names of all modules that a new process has loaded after running some code."""
    code += "\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    return set(done.stdout.split())


def test_the_command_line_starts_and_reads_a_csv_without_the_heavy_libraries() -> None:
    loaded = loaded_by("""
from pathlib import Path
import importer.cli.application
from importer.config import Reading
from importer.reader import open_source
with open_source(Path("sample_data/contacts_to_companies.csv"), Reading()) as source:
    assert sum(len(block.numbers) for block in source.blocks()) == 200
""")
    assert "importer.runner.run" in loaded
    assert not loaded & {"pandas", "numpy", "openpyxl", "xlsxwriter", "importer.sandbox", "aiohttp.web"}
