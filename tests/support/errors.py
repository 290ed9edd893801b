"""Assertions about the errors that end a run: tests assert codes, and one golden file holds every sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from importer.errors import ImporterError

GOLDEN = Path(__file__).parents[1] / "golden" / "error_messages.txt"

_VARYING = (
    (re.compile(r"/(?:tmp|var|dev/shm)/[^\s'\"]*?/(?=[^/\s'\"]*(?:['\"\s:;,.)]|$))"), "TMP/"),
    (re.compile(r"\b(?:127\.0\.0\.1|localhost):\d+"), "HOST:PORT"),
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{5}\b"), "RUN_ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"), "TIME"),
)


class ErrorMessages:
    """The golden file: every sentence that a test expects of an error that ends a run, as `CODE: sentence`."""

    def __init__(self) -> None:
        """Read the file."""
        self.is_updating = False
        self._expected = _lines()
        self._seen: set[str] = set()

    def check(self, error: ImporterError) -> None:
        """Check that the sentence of `error` is in the file, apart from what differs from run to run."""
        message = f"{error.code}: {error}".replace("\n", "\\n")
        for pattern, word in _VARYING:
            message = pattern.sub(word, message)
        self._seen.add(message)
        assert self.is_updating or message in self._expected, "if the new sentence is intended: pytest --update-golden"

    def clear(self) -> None:
        """Delete the file, before all tests write it again."""
        GOLDEN.unlink(missing_ok=True)

    def save(self) -> None:
        """Add the sentences that this process has seen."""
        GOLDEN.parent.mkdir(exist_ok=True)
        with FileLock(GOLDEN.with_suffix(".lock")):
            text = "".join(f"{line}\n" for line in sorted(_lines() | self._seen))
            GOLDEN.write_text(text, encoding="utf-8")


def _lines() -> set[str]:
    return set(GOLDEN.read_text(encoding="utf-8").splitlines()) if GOLDEN.exists() else set()


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
