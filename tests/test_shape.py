"""Shape of the package: short functions, short files, and a stable code for every error that ends a run."""

import ast
import re
from collections.abc import Iterator

import importer.errors
from tests.support.package import MODULES, check_none, nodes

MAX_LINES_OF_FUNCTION = 35
MAX_LINES_OF_FILE = 300

CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")

CODE_PART = re.compile(r"[A-Z0-9_]+")

ERRORS = {
    name
    for name, value in vars(importer.errors).items()
    if isinstance(value, type) and issubclass(value, importer.errors.ImporterError)
}


def test_no_file_is_too_long() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES.values()}
    check_none(f"{path}: {number} lines" for path, number in lines.items() if number > MAX_LINES_OF_FILE)


def test_no_function_is_too_long() -> None:
    check_none(
        f"{module}.{name}: {lines} lines"
        for module in MODULES
        for name, lines in functions(module)
        if lines > MAX_LINES_OF_FUNCTION
    )


def functions(module: str) -> Iterator[tuple[str, int]]:
    """Yield the functions of a module with their number of lines, decorators and docstrings included."""
    for node in nodes(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, (node.end_lineno or start) - start + 1


def test_every_error_that_ends_a_run_has_a_code() -> None:
    check_none(
        f"{module}, line {call.lineno}: {ast.unparse(call)[:90]}"
        for module in MODULES
        if module != "importer.errors"
        for call in errors(module)
        if not has_code(call)
    )


def errors(module: str) -> Iterator[ast.Call]:
    """Yield the places in a module where an ImporterError is created."""
    for node in nodes(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ERRORS:
            yield node


def has_code(call: ast.Call) -> bool:
    """Return whether an error is created with a code and a sentence; the code may be copied from another error."""
    if len(call.args) + len(call.keywords) < 2 or not call.args:
        return False
    code = call.args[0]
    if isinstance(code, ast.IfExp):
        return all(is_code(choice) for choice in (code.body, code.orelse))
    return is_code(code)


def is_code(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and CODE.fullmatch(node.value) is not None
    if isinstance(node, ast.JoinedStr):  # a prefix before another code
        return all(
            CODE_PART.fullmatch(str(part.value)) is not None if isinstance(part, ast.Constant) else is_code(part.value)
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    return (isinstance(node, ast.Attribute) and node.attr == "code") or (
        isinstance(node, ast.Name) and node.id == "code"
    )
