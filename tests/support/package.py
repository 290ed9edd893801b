"""The package's modules and what each of them imports, from their source."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import importer

PACKAGE = Path(importer.__file__).parent
PROJECT = PACKAGE.parent


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(("importer", *parts)).removesuffix(".__init__"), path


MODULES = dict(_modules())
"""Every module's dotted name and file."""


@cache
def tree(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def nodes(module: str) -> tuple[ast.AST, ...]:
    """Return all nodes of a module's syntax tree."""
    return tuple(ast.walk(tree(module)))


@cache
def imports(module: str) -> frozenset[str]:
    """Return the dotted names of all modules that a module imports, also inside functions and for types only."""
    return frozenset(_imported(module, nodes(module)))


@cache
def imports_at_start(module: str) -> frozenset[str]:
    """Return the modules that are loaded when a module is imported: not in functions, not for types only."""
    return frozenset(_imported(module, _executed(tree(module).body)))


def _imported(module: str, found: Iterable[ast.AST]) -> Iterator[str]:
    for node in found:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module
            for alias in node.names:
                full_name = f"{node.module}.{alias.name}"
                yield full_name if full_name in MODULES else node.module


def _executed(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _executed(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            for name in ("body", "orelse", "finalbody"):
                yield from _executed(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from _executed(handler.body)


def check_none(found: Iterable[str]) -> None:
    """Fail with every entry of a list of offending places, one per line."""
    places = list(found)
    assert not places, "\n" + "\n".join(places)
