"""Pools that set labels: the goals of their pairs, their engines, and what the sandbox has then."""

from collections.abc import Iterable
from pathlib import Path

from importer.config import LabelMode, Rate
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import RunInfo, open_for_run, write_journal
from importer.model import Pair, SourceRow
from importer.pool import LabelEngine
from importer.sandbox import Sandbox
from importer.sandbox.association_types import AssociationType
from importer.sandbox.pairs import Pair as SandboxPair
from tests.support.blocks import blocks_of
from tests.support.pool import key

DECISION, BILLING, PRIMARY = "USER_DEFINED:1", "USER_DEFINED:3", "HUBSPOT_DEFINED:1"
PLAIN = "HUBSPOT_DEFINED:279"


def journal_with_goals(path: Path, goals: Iterable[tuple[Pair, tuple[str, ...]]]) -> Path:
    """Create a journal with a row for each pair and its labels, which are named by their types."""
    info = RunInfo("r", "", None, "s.csv", "", "", ("a",), ",", {}, "sandbox", "v4", "s.results.csv")
    write_journal(
        path, info, blocks_of(SourceRow(2 + n, ("x",), (pair,), (), (own,)) for n, (pair, own) in enumerate(goals))
    )
    with open_for_run(path) as journal:
        journal.set_goals(lambda from_type, to_type, texts: texts)
        journal.verify()
    return path


def put(client: HubSpotClient) -> LabelEngine:
    """Return an engine that adds labels, a call for each pair."""
    return LabelEngine(client, LabelMode.ADD, 8)


def put_replacing(client: HubSpotClient) -> LabelEngine:
    """Return an engine that replaces labels, a call for each pair."""
    return LabelEngine(client, LabelMode.REPLACE, 8)


def batch(client: HubSpotClient) -> LabelEngine:
    """Return an engine that adds labels in batches."""
    return LabelEngine(client, LabelMode.ADD, 8, RateLimiter(Rate(100, 1.0)))


def types(sandbox: Sandbox, pair: Pair) -> set[str]:
    """Return the types with which the sandbox has linked a pair."""
    return set(map(str, sandbox.state.links.types(SandboxPair(*key(pair)))))


def link(sandbox: Sandbox, pair: Pair, *labels: str) -> None:
    """Link a pair with exactly these labels, as another client did before."""
    sandbox.state.links.add(SandboxPair(*key(pair)))
    found = [AssociationType(text.split(":")[0], int(text.split(":")[1])) for text in labels]
    sandbox.state.links.set_labels(SandboxPair(*key(pair)), found)
