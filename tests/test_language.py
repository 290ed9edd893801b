"""Vocabulary: the field's standard terms, in the package, its help, the README and the names of tests."""

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from importer.cli.commands import cli
from tests.support.package import MODULES, PROJECT, check_none

EVERYWHERE = {
    r"anew": "again, from the start",
    r"dice": "jitter, random fraction",
    r"heed(s|ed|ing)?": "honour, handle",
    r"honest(ly)?": "normal, unfaulted",
    r"in vain": "without success",
    r"leavings": "stale files",
    r"wish(es|ed)?": "requested",
    r"portions?": "chunk",
    r"verdicts?": "decision",
    r"tells?|telling|told": "report, log, raise, warn",
    r"what (became|becomes) of": "the outcome of",
    r"(go|goes|going|went) on": "continue",
    r"at the (most|least)": "at most, at least",
    r"as good as none": "is ignored",
    r"for nothing": "needlessly",
    r"so many (bytes|calls|pairs|rows|records|seconds|links|characters|columns|cells)": "`number` bytes",
    r"(is|are|was|were) (none|no) (of|a|an)\b": "is not a",
    r"is no (number|id|record|row|table|file|date|header|rate|key|pair|code)": "is not a …",
    r"of its own": "its own, separate",
    r"stands? (for|there|here)": "is",
    r"speaks? of": "mentions",
    r"asked for (again|anew)": "requested again, retried",
    r"asks? again": "retries",
    r"gives? up on": "stops retrying",
    r"the most (that|of)": "the maximum",
    r"makes? way": "is replaced",
    r"doubtful|in doubt|doubts?|doubted": "uncertain, suspect",
    r"rooms? of (the )?(package|library|libraries)": "package",
    r"mended|mends?": "corrected, fixed",
    r"begins? anew": "start a new run",
    r"poison(ous|ed)?": "that HubSpot rejects",
}
"""Banned in all prose and names: a regular expression of whole words, and what to write instead."""

IN_NAMES = {
    r"pace|paced|pacing": "rate",
    r"told|tell|tells": "reported, raised",
    r"wish(ed)?": "requested",
    r"verdict": "decision",
    r"ledger": "shared_rate_state",
    r"leavings": "stale_files",
    r"strikes?": "faults",
    r"grammar": "fault_spec_help",
    r"floors?": "layers",
    r"(un)?settled?|settles": "final, finish",
    r"portions?": "chunk",
    r"watch": "on_event",
    r"defused?": "escape_formula",
    r"staged?": "atomic_file",
}
"""Banned as a part of a name (between underscores), also in tests."""

IN_PARTS = {
    "hubspot pool": {r"answers?": "response"},
    "pool journal": {r"(un)?settled?|settles|settling": "final, provisional, finish", r"in hand": "claimed"},
    "pool hubspot runner": {r"ledgers?": "shared rate state", r"pace": "rate"},
    "reader pool": {r"strikes?|struck": "occur"},
}
"""Banned in the prose of some packages, where the word has a standard counterpart."""

QUOTED = re.compile(r"`[^`]*`|\"[^\"\n]*\"|https?://\S+")
"""What prose quotes, such as names of flags and messages of HubSpot, is not prose."""

ALLOWED_NAMES = {"answer_timeout", "IMPORTER_ANSWER_TIMEOUT", "lost_answer", "tell"}
"""Names that users' settings and commands contain, and a method of Python's file objects."""

_JOINED = re.compile(r"[a-z0-9]+|[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")


@cache
def tokens_of(path: Path) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline))


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments and strings of a Python file, each with its line number."""
    for token in tokens_of(path):
        if token.type in {tokenize.COMMENT, tokenize.STRING}:
            yield from enumerate(token.string.splitlines(), token.start[0])
        elif token.type == getattr(tokenize, "FSTRING_MIDDLE", -1):
            yield token.start[0], token.string


def names_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names that a Python file defines or uses, each with its line number."""
    for token in tokens_of(path):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


@cache
def _words_of(name: str) -> str:
    return "" if name in ALLOWED_NAMES else " ".join(_JOINED.findall(name))


def banned(lines: Iterator[tuple[int, str]], words: dict[str, str], *, are_names: bool = False) -> list[str]:
    """Return `line: word → replacement` for every banned word."""
    found = []
    anything = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    patterns = [(re.compile(rf"\b(?:{word})\b", re.IGNORECASE), instead) for word, instead in words.items()]
    for number, line in lines:
        text = _words_of(line) if are_names else QUOTED.sub("", line.strip("\"' "))
        for pattern, instead in patterns if anything.search(text) else ():
            found += [f"{number}: {match[0]} → {instead}" for match in pattern.finditer(text)]
    return found


def parts_of(module: str) -> dict[str, str]:
    """Return the words that are banned in a module in addition to those that are banned everywhere."""
    package = module.partition(".")[2].partition(".")[0]
    return {
        word: instead
        for names, words in IN_PARTS.items()
        if package in names.split()
        for word, instead in words.items()
    }


def test_the_prose_of_the_package_uses_standard_terms() -> None:
    check_none(
        f"{module}, line {found}"
        for module, path in MODULES.items()
        for found in banned(prose_of(path), EVERYWHERE | parts_of(module))
    )


def test_the_names_of_the_package_are_standard_terms() -> None:
    check_none(
        f"{module}, line {found}"
        for module, path in MODULES.items()
        for found in banned(names_of(path), IN_NAMES | parts_of(module), are_names=True)
    )


DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)")

TESTS = sorted(path.relative_to(PROJECT).as_posix() for path in (PROJECT / "tests").rglob("*.py"))


def test_tests_have_names_in_standard_terms() -> None:
    check_none(
        f"{file}, line {found}" for file in TESTS for found in banned(names_of_test(file), EVERYWHERE | IN_NAMES)
    )


def names_of_test(file: str) -> Iterator[tuple[int, str]]:
    """Yield the name of a file and those of its functions and classes, as words."""
    yield 1, file.replace("_", " ").replace("/", " ")
    for number, line in enumerate((PROJECT / file).read_text(encoding="utf-8").splitlines(), 1):
        if named := DEFINITION.match(line):
            yield number, named[1].replace("_", " ")


@pytest.mark.parametrize("file", ["README.md", "config.example.toml", "importer/README.md"])
def test_documents_use_standard_terms(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    check_none(banned(enumerate(text.splitlines(), 1), EVERYWHERE))


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of every command that has a help text."""
    yield names
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from commands(command, *names, name)
            else:
                yield (*names, name)


def test_help_uses_standard_terms() -> None:
    found = []
    for names in commands(cli):
        shown = CliRunner().invoke(cli, [*names, "--help"]).output
        assert shown.startswith("Usage:")
        found += [f"{' '.join(names)}, line {place}" for place in banned(enumerate(shown.splitlines(), 1), EVERYWHERE)]
    check_none(found)


def test_the_banned_words_are_found() -> None:
    prose = "what was told goes on anew; nobody is told `told`"
    assert len(banned(iter([(1, prose)]), EVERYWHERE)) == 4
    names = iter([(1, "_told_pace"), (2, "PaceKeeper"), (3, "space"), (4, "answer_timeout")])
    assert banned(names, IN_NAMES, are_names=True) == [
        "1: pace → rate",
        "1: told → reported, raised",
        "2: Pace → rate",
    ]
