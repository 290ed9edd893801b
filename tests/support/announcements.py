"""Random label files over small random accounts: what a check announces, and what the run then does.

The expected changes of labels and Primary are taken from the sandbox itself, before and after the run.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from importer import Settings, check_file, run_import, verify_file
from importer.runner.check import CheckReport
from importer.sandbox import Pair
from importer.sandbox.association_types import AssociationType
from tests.support.command_line import rows_of
from tests.support.shared_account import Account

LABELS: dict[tuple[str, str], tuple[str, ...]] = {
    ("contacts", "companies"): ("Decision maker", "Billing contact", "Primary"),
    ("companies", "contacts"): ("Decision maker", "Billing contact", "Primary"),
    ("deals", "companies"): ("Primary",),
    ("leads", "contacts"): ("Met", "Primary"),
    ("leads", "companies"): ("Met", "Primary"),
    ("companies", "leads"): ("Met",),
    ("contacts", "deals"): (),
}
IDS = {"contacts": range(1, 6), "companies": range(11, 16), "deals": range(21, 24), "leads": range(31, 34)}
_REFUSED = ("PRIMARY_CONFLICT", "LEAD_WOULD_BE_DELETED", "LEAD_NOT_READ")


def add_labels(account: Account) -> None:
    """Define the labels of leads, once."""
    for other in ("contacts", "companies"):
        account.call(partial(account.sandbox.state.types.add_label, "leads", other, "Met"))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: a pair as written, with its labels."""

    pair: Pair
    labels: tuple[str, ...]


@dataclass
class Announcement:
    """One account, one file, and the commands over it."""

    account: Account
    folder: Path
    rng: random.Random
    rows: list[Row] = field(default_factory=list)

    def play(self) -> None:
        """Fill the account, write a file, check and verify it, run it, and compare."""
        self.account.call(self._fill)
        source = self._write()
        mode = self.rng.choice(("add", "replace"))
        settings = self._settings(
            label_mode=mode,
            engine=self.rng.choice(("put", "batch")),
            allow_deleting_leads=self.rng.random() < 0.2,
        )
        checked = check_file(source, settings, online=True)
        verified = self._verify(source, settings)
        before, primaries = self._labels(), self._primaries()
        run_import(source, settings)
        outcomes = [
            (row["import_status"], row["import_error_category"], bool(row["import_duplicate_of"]))
            for row in rows_of(self.folder / "a.results.csv")
        ]
        self._compare_outcomes(checked, outcomes, verified, is_adding=mode == "add")
        self._compare_changes(checked, outcomes, before, primaries, is_adding=mode == "add")
        after = self._verify(source, settings)
        wrong = [
            row
            for row, (status, _, _), now in zip(self.rows, outcomes, after, strict=True)
            if status in {"linked", "already_linked"} and now != "already_linked"
        ]
        assert not wrong, f"rows are reported as linked that are not: {wrong}"

    # ---- comparisons

    def _compare_outcomes(
        self, checked: CheckReport, outcomes: list[tuple[str, str, bool]], verified: list[str], *, is_adding: bool
    ) -> None:
        assert checked.online is not None
        found = checked.online.findings
        distinct = Counter((status, category) for status, category, is_repeated in outcomes if not is_repeated)
        rows = Counter(category for _, category, _ in outcomes)
        assert rows["PRIMARY_CONFLICT"] == checked.primary_conflicts.rows
        refused = distinct["failed", "LEAD_WOULD_BE_DELETED"] + distinct["failed", "LEAD_NOT_READ"]
        assert refused == found.leads_refused
        already = sum(number for (status, _), number in distinct.items() if status == "already_linked")
        others = sum(number for (_, category), number in distinct.items() if category not in _REFUSED) - already
        assert (found.already_linked, found.to_link, found.unread) == (already, others, 0)
        assert all(
            status in {"linked", "already_linked"} for (status, category) in distinct if category not in _REFUSED
        )
        for row, (status, category, _), earlier in zip(self.rows, outcomes, verified, strict=True):
            if category not in _REFUSED:
                assert status != "already_linked" or earlier == "already_linked"
            if category not in _REFUSED and row.labels and is_adding:
                assert status == "already_linked" or earlier != "already_linked"

    def _compare_changes(
        self,
        checked: CheckReport,
        outcomes: list[tuple[str, str, bool]],
        before: dict[Pair, set[str]],
        primaries: dict[tuple[str, int, str], int],
        *,
        is_adding: bool,
    ) -> None:
        assert checked.online is not None
        found, after, now = checked.online.findings, self._labels(), self._primaries()
        moved = {record for record in primaries.keys() & now.keys() if primaries[record] != now[record]}
        assert found.moved == len(moved), moved
        losing: dict[Pair, set[str]] = {}
        goals: dict[Pair, set[str]] = {}
        for row in self.rows:
            goals.setdefault(row.pair, set()).update(row.labels)
        for row, (_, category, is_repeated) in zip(self.rows, outcomes, strict=True):
            lost = before.get(self._link(row.pair), set()) - goals[row.pair]
            if lost and goals[row.pair] and not is_adding and category not in _REFUSED and not is_repeated:
                losing[row.pair] = lost
        assert found.replaced == len(losing)
        assert found.replaced_primary == sum("Primary" in lost for lost in losing.values())
        if not is_adding and not self.account.sandbox.state.records.archived:
            assert all(not lost & after[self._link(pair)] for pair, lost in losing.items())

    # ---- the account

    def _fill(self) -> None:
        state = self.account.sandbox.state
        for lead in IDS["leads"]:
            state.records.add(("leads", lead))
        for _ in range(self.rng.randint(0, 12)):
            pair = self._pair(self.rng.choice(list(LABELS)))
            state.links.add(pair)
            labels = LABELS[pair.from_type, pair.to_type]
            texts = self.rng.sample(labels, self.rng.randint(0, len(labels)))
            state.links.add_labels(pair, [self._type(pair, text) for text in texts])
        for object_type in ("contacts", "companies"):
            if self.rng.random() < 0.4:
                one, other = self.rng.sample(IDS[object_type], 2)
                state.merge((object_type, one), other)

    def _type(self, pair: Pair, text: str) -> AssociationType:
        known = self.account.sandbox.state.types.all(pair.from_type, pair.to_type)
        return next(one.type for one in known if one.label == text)

    def _pair(self, direction: tuple[str, str]) -> Pair:
        one, other = direction
        return Pair(one, self.rng.choice(IDS[one]), other, self.rng.choice(IDS[other]))

    def _link(self, pair: Pair) -> Pair:
        """Return the link of a pair: between the survivors, in a fixed direction."""
        resolve = self.account.sandbox.state.records.resolve
        from_id, to_id = resolve(pair.from_type, pair.from_id), resolve(pair.to_type, pair.to_id)
        own = Pair(pair.from_type, from_id or 0, pair.to_type, to_id or 0)
        return min(own, own.reverse())

    def _labels(self) -> dict[Pair, set[str]]:
        """Return the labels of every link by their names."""
        state = self.account.sandbox.state
        found: dict[Pair, set[str]] = {}
        for pair in {min(one, one.reverse()) for one in state.links}:
            names = {one.type: one.label for one in state.types.all(pair.from_type, pair.to_type)}
            found[pair] = {name for one in state.links.types(pair) if (name := names.get(one)) is not None}
        return found

    def _primaries(self) -> dict[tuple[str, int, str], int]:
        """Return the primary record of each record that has one, by its type."""
        state = self.account.sandbox.state
        records = {(kind, record) for kind, ids in IDS.items() for record in ids}
        return {
            (*record, other_type): other
            for record in records
            for other_type, other in state.links.primary_records(record)
        }

    # ---- the file and the commands

    def _write(self) -> Path:
        directions = list(LABELS)
        if self.rng.random() < 0.6:
            directions = [self.rng.choice(directions)]
        for _ in range(self.rng.randint(1, 8)):
            pair = self._pair(self.rng.choice(directions))
            if any(row.pair != pair and self._link(row.pair) == self._link(pair) for row in self.rows):
                continue  # the outcome of the later row depends on whether both are sent together
            labels = LABELS[pair.from_type, pair.to_type]
            self.rows.append(Row(pair, tuple(self.rng.sample(labels, self.rng.randint(0, len(labels))))))
        path = self.folder / "a.csv"
        lines = (",".join(map(str, (*row.pair, ";".join(row.labels)))) for row in self.rows)
        path.write_text("\n".join(["from_object_type,from_object_id,to_object_type,to_object_id,label", *lines, ""]))
        return path

    def _verify(self, source: Path, settings: Settings) -> list[str]:
        verify_file(source, settings)
        return [row["import_status"] for row in rows_of(self.folder / "a.verify.results.csv")]

    def _settings(self, **flags: object) -> Settings:
        values = {"base_url": self.account.sandbox.url, "state_dir": self.folder / "state"}
        rates = {"rate": "50000/1", "batch_rate": "50000/1"}
        quick = {**rates, "backoff_base": 0.001, "backoff_cap": 0.002, "quiet": True}
        return Settings.model_validate(values | quick | flags)
