"""Every code of a row's problem or a pair's failure has general sentences, which quote no value of one row."""

import ast
import re
from collections.abc import Iterator

import pytest

from importer.journal import FailureKind, ProblemGroup
from importer.model import Operation, RowNames, Status
from importer.reporter.html_report import failure_finding, problem_finding
from importer.reporter.problem_kinds import FAILURES, PROBLEMS
from importer.reporter.status_meanings import meaning
from tests.support.journals import PROBLEM
from tests.support.package import MODULES, tree

CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
OF_PROBLEMS = re.compile(
    r"importer\.reader\.rows\..*|importer\.reader\.files\.(quoting|workbook\.lossy)|importer\.runner\.lookup\.problems"
)
OF_FAILURES = re.compile(
    r"importer\.pool\..*|importer\.hubspot\.classify.*|importer\.journal\.records|importer\.result_columns"
)


def constants(module: str) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def categories(module: str) -> Iterator[ast.expr]:
    """The categories that a module gives to errors: by keyword, by position, or as constants of the module."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "error_category")
            if ast.unparse(node.func) == "outcome_of":
                yield node.args[2]
    for statement in tree(module).body:
        if isinstance(statement, ast.Assign) and not ast.unparse(statement.targets[0]).startswith("_"):
            yield statement.value


def test_every_problem_of_a_row_has_general_sentences() -> None:
    codes = set[str]().union(*(constants(module) for module in MODULES if OF_PROBLEMS.fullmatch(module)))
    assert codes == PROBLEMS.keys()


@pytest.mark.slow
def test_every_failure_that_importer_names_has_general_sentences() -> None:
    nodes = [node for module in MODULES if OF_FAILURES.fullmatch(module) for node in categories(module)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    codes = {text for text in texts if CODE.fullmatch(text)}
    assert "NOT_IN_RESULTS" in codes
    assert codes <= FAILURES.keys()


@pytest.mark.parametrize("kind", [*PROBLEMS.values(), *FAILURES.values()])
def test_general_sentences_are_sentences(kind: object) -> None:
    for text in (getattr(kind, "meaning", ""), getattr(kind, "advice", "")):
        assert re.fullmatch(r"[A-Z].*\.", text)
        assert not re.search(r"(?<!\w)'|[{}]", text.replace("'Record ID'", ""))


def test_a_kind_of_problem_does_not_repeat_the_value_of_its_first_row() -> None:
    group = ProblemGroup(PROBLEM.code, 2, ((10_000_000_007, PROBLEM), (10_000_000_009, PROBLEM)))
    finding = problem_finding(group, RowNames(("a.csv", "b.csv")))
    assert (finding.message, finding.advice) == (PROBLEMS["MISSING_ID"].meaning, PROBLEMS["MISSING_ID"].advice)
    assert (finding.number, finding.first_rows) == ("2 rows", "b.csv:7, b.csv:9")


def test_a_failure_that_only_hubspot_knows_has_its_sentence_if_all_pairs_have_the_same() -> None:
    same = FailureKind(Status.FAILED, 400, "VALIDATION_ERROR", 1, "Full.", "Remove a link.")
    other = FailureKind(Status.FAILED, 400, "VALIDATION_ERROR", 5, "", "")
    finding = failure_finding(same, [7, 7, 9], RowNames(), Operation.LINK)
    assert (finding.message, finding.advice, finding.first_rows) == ("Full.", "Remove a link.", "7, 9")
    finding = failure_finding(other, [], RowNames(), Operation.LINK)
    assert finding.message == meaning(Status.FAILED, Operation.LINK)
    assert finding.advice == "Read the reason of each row, correct the rows and import them again."
    unconfirmed = FailureKind(Status.UNCONFIRMED, 502, "", 1, "", "")
    assert failure_finding(unconfirmed, [], RowNames(), Operation.LINK).code == "HTTP 502"
