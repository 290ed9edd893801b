"""Random histories of runs, removals, foreign changes, kills and undos over a few records of a sandbox.

Every step is checked against what the sandbox lost and gained: an undo may remove only what its run added, and restore
only what its run removed. A kill restores the state directory as it was at a random request, as `kill -9` leaves it.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from importer import Confirmation, Settings, Summary, run_import, undo_run, unlink_file
from importer.journal import Journal
from importer.model import Outcome, Status
from importer.model import Pair as RunPair
from importer.sandbox import Pair
from importer.sandbox.association_types import AssociationType
from tests.support.kills import killed_at
from tests.support.shared_account import Account, Item

DIRECTIONS = (
    ("contacts", "companies"),
    ("contacts", "companies"),
    ("companies", "contacts"),
    ("deals", "companies"),
    ("contacts", "deals"),
    ("contacts", "contacts"),
)
LABELS = {
    ("contacts", "companies"): ("Decision maker", "Billing contact", "Primary"),
    ("companies", "contacts"): ("Decision maker", "Billing contact", "Primary"),
    ("deals", "companies"): ("Primary",),
    ("contacts", "deals"): (),
    ("contacts", "contacts"): ("Manager", "Employee"),
}
IDS = {"contacts": (1, 2, 3), "companies": (11, 12, 13, 14), "deals": (21, 22)}

WRITES = ("put", "batch", "label_put", "create", "delete", "archive", "labels_archive")

GOOD = (Status.LINKED, Status.ALREADY_LINKED, Status.UNLINKED, Status.NOT_LINKED)


def _pair(pair: RunPair) -> Pair:
    """Return a pair of a run as the sandbox has it, from the smaller of its ends."""
    own = Pair(pair.from_type, int(pair.from_id), pair.to_type, int(pair.to_id))
    return min(own, own.reverse())


def _types(items: set[Item], pair: Pair) -> set[AssociationType]:
    return {one for other, one in items if other == pair}


def _around(items: set[Item], pair: Pair) -> set[Item]:
    """Return the types of all links of the two records of a pair."""
    ends = {pair[:2], pair[2:]}
    return {item for item in items if {item[0][:2], item[0][2:]} & ends}


@dataclass
class Changes:
    """The changes of a command: its run, all links before it as bytes, and their types before and after it."""

    run_id: str
    bytes_before: bytes
    before: set[Item]
    after: set[Item]

    @property
    def lost(self) -> set[Item]:
        """The types that the command removed."""
        return self.before - self.after

    @property
    def gained(self) -> set[Item]:
        """The types that the command added."""
        return self.after - self.before


@dataclass
class History:
    """One history; `foreign` says whether someone else changes links as well."""

    account: Account
    folder: Path
    rng: random.Random
    foreign: bool
    made: list[Changes] = field(default_factory=list)
    files: int = 0

    # ---- steps

    def play(self, commands: int) -> None:
        """Create some links, run up to `commands` commands, and undo them: last first, or in any order if `foreign`."""
        self.account.call(self._foreign_links)
        for _ in range(self.rng.randint(1, commands)):
            self._command()
            if self.foreign and self.rng.random() < 0.5:
                self.account.call(self._foreign_change)
        undone = self.made[::-1]
        if self.foreign:
            self.rng.shuffle(undone)
        for made in undone:
            self._undo(made)

    def _command(self) -> None:
        write = self.rng.choice((self._write_pairs, self._write_labels))
        source, has_labels = write()
        is_removal = self.rng.random() < 0.4
        flags: dict[str, object] = {}
        if has_labels and not is_removal:
            flags = {"label_mode": self.rng.choice(("add", "add", "replace"))}
        flags["engine"] = self.rng.choice(("put", "batch"))
        settings = self._settings(**flags)
        command = partial(self._unlink, source, settings) if is_removal else partial(run_import, source, settings)
        self._do(command)

    def _do(self, command: Callable[[], Summary]) -> None:
        """Execute a command, which may be killed and may then be repeated; record what it changed."""
        before, items = self.account.bytes(), self.account.items()
        known = set(self._journals())
        with self._refusals():
            self._killed_or_done(command)
        new = set(self._journals()) - known
        after = self.account.items()
        assert new or after == items
        if not new:  # it was killed before anything was journalled, or there was nothing to remove
            return
        (journal,) = new
        self.made.append(Changes(journal.stem, before, items, after))

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Now and then, let HubSpot carry out only some of the calls, without saying which."""
        if self.rng.random() < 0.3:
            fault = self.rng.choice(("canceled", "pending", "unknown_status"))
            faults = [f"{fault}={kind},pairs:0.5" for kind in WRITES]
            self.account.call(partial(self.account.sandbox.use_faults, *faults))
        yield
        self.account.call(self.account.sandbox.use_faults)

    def _killed_or_done(self, command: Callable[[], Summary]) -> None:
        while self.rng.random() < 0.4:
            if not self._kill(command) or self.rng.random() < 0.4:
                return
        command()

    def _undo(self, made: Changes) -> None:
        items, known = self.account.items(), set(self._journals())
        self._killed_or_done(partial(undo_run, made.run_id, self._settings()))
        summary = undo_run(made.run_id, self._settings())
        gained, lost = self.account.items() - items, items - self.account.items()
        if not self.foreign:
            assert summary.exit_code == 0, summary
            assert self.account.bytes() == made.bytes_before
        assert lost <= made.gained, (
            f"the undo of {made.run_id} removed what the run had not added: {lost - made.gained}"
        )
        assert gained <= made.lost, (
            f"the undo of {made.run_id} added what the run had not removed: {gained - made.lost}"
        )
        assert summary.rows == summary.row_counts.good + summary.row_counts.bad
        if not self.account.sandbox.state.records.merged:
            for journal in set(self._journals()) - known:
                self._check_pairs(made, journal, items)

    def _check_pairs(self, made: Changes, journal: Path, items: set[Item]) -> None:
        """Check that the undo's outcomes are true, and that a pair is left alone only if something has changed."""
        with Journal(journal) as undone:
            rows = list(undone.rows(Outcome(Status.NOT_SENT)))
        for entry in (entry for row in rows for entry in row.pairs):
            pair, status = _pair(entry.pair), entry.outcome.status
            present = _types(self.account.items(), pair)
            if status in GOOD:
                assert present == _types(made.before, pair), f"{pair} is {status}, but was not restored"
            else:
                assert present == _types(items, pair), f"{pair} is {status}, but was changed by the undo"
            if _around(items, pair) == _around(made.after, pair):
                assert status in GOOD, f"{pair} was not restored: {entry.outcome}"

    def _kill(self, command: Callable[[], Summary]) -> bool:
        """Kill a command at a random request, before or after HubSpot gets it; return False if it ended before."""
        at, is_sent = self.rng.randint(1, 12), self.rng.random() < 0.5
        return killed_at(at, command, self.folder / "state", is_sent=is_sent)

    # ---- other clients

    def _foreign_links(self) -> None:
        for _ in range(self.rng.randint(0, 6)):
            self._foreign_change(adds=True)

    def _foreign_change(self, *, adds: bool = False) -> None:
        state = self.account.sandbox.state
        links = state.links
        pair = self._pair(self.rng.choice(DIRECTIONS))
        if not adds and self.rng.random() < 0.15:
            self._merge(pair.from_type)
            return
        for end in ((pair.from_type, pair.from_id), (pair.to_type, pair.to_id)):
            if end in state.records.merged:
                return
        texts = LABELS[pair.from_type, pair.to_type]
        types = [self._type(pair, text) for text in self.rng.sample(texts, self.rng.randint(0, len(texts)))]
        if adds or self.rng.random() < 0.6:
            links.add(pair)
            links.add_labels(pair, types)
        elif types:
            links.remove_labels(pair, types)
        else:
            links.remove(pair)

    def _merge(self, object_type: str) -> None:
        records = self.account.sandbox.state.records
        one, other = self.rng.sample(IDS[object_type], 2)
        if not {(object_type, one), (object_type, other)} & records.merged.keys():
            self.account.sandbox.state.merge((object_type, one), other)

    def _type(self, pair: Pair, text: str) -> AssociationType:
        known = self.account.sandbox.state.types.all(pair.from_type, pair.to_type)
        return next(one.type for one in known if one.label == text)

    def _pair(self, direction: tuple[str, str]) -> Pair:
        one, other = direction
        from_id = self.rng.choice(IDS[one])
        others = [to_id for to_id in IDS[other] if (other, to_id) != (one, from_id)]
        return Pair(one, from_id, other, self.rng.choice(others))

    # ---- files and settings

    def _write_pairs(self) -> tuple[Path, bool]:
        rows = self._pairs(DIRECTIONS)
        return self._write("", [f"{one.from_type},{one.from_id},{one.to_type},{one.to_id}" for one in rows]), False

    def _write_labels(self) -> tuple[Path, bool]:
        lines = []
        pairs = self._pairs([one for one in DIRECTIONS if LABELS[one]])
        if self.rng.random() < 0.3:
            pairs += [pair.reverse() for pair in pairs if (pair.to_type, pair.from_type) in LABELS]
            self.rng.shuffle(pairs)
        for pair in pairs:
            labels = LABELS[pair.from_type, pair.to_type]
            texts = self.rng.sample(labels, self.rng.randint(1, len(labels)))
            ends = f"{pair.from_type},{pair.from_id},{pair.to_type},{pair.to_id}"
            lines.append(f"{ends},{';'.join(texts)}")
        return self._write(",label", lines), True

    def _pairs(self, directions: Sequence[tuple[str, str]]) -> list[Pair]:
        """Return pairs of one direction or, now and then, of several ones."""
        if self.rng.random() < 0.7:
            directions = [self.rng.choice(directions)]
        return [self._pair(self.rng.choice(directions)) for _ in range(self.rng.randint(1, 7))]

    def _write(self, more: str, lines: list[str]) -> Path:
        self.files += 1
        path = self.folder / f"{self.files}.csv"
        header = f"from_object_type,from_object_id,to_object_type,to_object_id{more}"
        path.write_text("\n".join([header, *lines, ""]))
        return path

    def _unlink(self, source: Path, settings: Settings) -> Summary:
        return unlink_file(source, settings, confirmation=Confirmation(ask=lambda number, _: str(number)))

    def _settings(self, **flags: object) -> Settings:
        return self.account.settings(self.folder / "state", max_attempts=2, **flags)

    def _journals(self) -> list[Path]:
        return sorted((self.folder / "state" / "runs").glob("*.sqlite"))
