"""Assertions about the errors that end a run: tests assert codes, and one golden file holds every sentence."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.errors import ImporterError

GOLDEN = Path(__file__).parents[1] / "golden" / "error_messages.json"

_VARYING = (
    (re.compile(r"/(?:tmp|var)/[^\s'\"]*?/(?=[^/\s'\"]*(?:['\"\s:;,.)]|$))"), "TMP/"),
    (re.compile(r"\b(?:127\.0\.0\.1|localhost):\d+"), "HOST:PORT"),
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{5}\b"), "RUN_ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"), "TIME"),
)


class ErrorMessages:
    """The golden file: the sentences of the errors that tests expect, by test."""

    def __init__(self) -> None:
        """Read the file."""
        self.is_updating = False
        self._expected: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
        self._seen: Counter[str] = Counter()

    def check(self, error: ImporterError) -> None:
        """Compare the sentence of `error` with the one that the running test had before."""
        test = os.environ["PYTEST_CURRENT_TEST"].removesuffix(" (call)").removeprefix("tests/")
        self._seen[test] += 1
        key = test if self._seen[test] == 1 else f"{test} #{self._seen[test]}"
        message = f"{error.code}: {error}"
        for pattern, word in _VARYING:
            message = pattern.sub(word, message)
        if self.is_updating:
            self._expected[key] = message
        else:
            assert message == self._expected.get(key), "if the new sentence is meant: pytest -n 0 --update-golden"

    def save(self) -> None:
        """Write the file if it is being updated."""
        if self.is_updating:
            GOLDEN.parent.mkdir(exist_ok=True)
            text = json.dumps(self._expected, indent=0, ensure_ascii=False, sort_keys=True)
            GOLDEN.write_text(text + "\n", encoding="utf-8")


error_messages = ErrorMessages()


@contextmanager
def raises(kind: type[ImporterError], code: str) -> Iterator[pytest.ExceptionInfo[ImporterError]]:
    """Expect an error of exactly this code, whose sentence is the one in the golden file.

    For errors whose sentence differs from run to run (in hypothesis tests, say) use `raises_code`.
    """
    with raises_code(kind, code) as caught:
        yield caught
    error_messages.check(caught.value)


@contextmanager
def raises_code(kind: type[ImporterError], code: str) -> Iterator[pytest.ExceptionInfo[ImporterError]]:
    """Expect an error of exactly this code, with any sentence."""
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.value.code == code, str(caught.value)
