"""The record of the files that runs wrote: only what is unchanged since then is replaced or removed."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 10.0
"""Seconds to wait for another command that puts a file in its place; a command that is halted must not halt others."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file's content as its `owner` wrote it; `size` is in bytes, `account` the HubSpot account, None if unknown."""

    owner: str
    size: int
    sha256: str
    account: int | None = None


def _ignore(path: Path, kept: Path) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """Decides what may be replaced, from a record in `directory`; without one every file is kept.

    `owner` identifies the command whose results these are, `account` the HubSpot account that they are about; one that
    is unknown (None), as after a run that sent nothing, counts as the same. A file is replaced when the same owner
    wrote it for the same account and it has not changed since; anything else is somebody's work, or another command's
    results, and is kept under the next free number. `on_kept` is called with a file's path and the one under which it
    is kept (the same if it stays in place).
    """

    directory: Path | None = None
    owner: str = ""
    account: int | None = None
    on_kept: Callable[[Path, Path], None] = _ignore

    def publish(self, part: Path, place: Path) -> None:
        """Move a finished file to its place in one step; what is there is replaced or kept. Raises OSError."""
        with self._alone():
            stamp = None if self.directory is None else self._stamp(part)
            self._make_way(place)
            part.replace(place)
            self._record(place, stamp)

    def remove(self, path: Path) -> None:
        """Remove the file at `path` if it may be replaced, else leave it there. Raises OSError."""
        with self._alone():
            if not path.exists():
                return
            stamp = self._unchanged(path)
            if stamp is not None and _are_of_one(stamp, self):
                path.unlink()
            else:
                self.on_kept(path, path)

    def _stamp(self, part: Path) -> Stamp:
        return Stamp(self.owner, part.stat().st_size, _sha256(part), self.account)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other command with this record moves files: two must not find the same place free.

        Where the lock cannot be used, go on without it.
        """
        with ExitStack() as stack:
            if self.directory is not None:
                try:
                    self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                    lock = FileLock(self.directory.with_suffix(".lock"), _LONGEST_WAIT, mode=0o600)
                    stack.enter_context(lock)
                except (OSError, Timeout) as error:
                    logger.warning("%s cannot be locked: %s", self.directory, error)
            yield

    def _make_way(self, path: Path) -> None:
        """Keep the file at `path`, if there is one, unless it may be replaced. Raises OSError."""
        if not path.exists():
            return
        stamp = self._unchanged(path)
        if stamp is not None and _are_of_one(stamp, self):
            return
        kept = self._free_number(path, stamp)
        path.replace(kept)
        self._record(kept, stamp)
        self.on_kept(path, kept)

    def _record(self, path: Path, stamp: Stamp | None) -> None:
        """Record that `path` now has the stamped content. A file that cannot be recorded is kept by the next run."""
        if self.directory is None or stamp is None:
            return
        entry = self._entry(self.directory, path)
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            entry.write_text(json.dumps({"path": str(path), **asdict(stamp)}), encoding="ascii")
        except OSError as error:
            logger.warning("%s cannot be written (%s): the next run will keep a copy of %s.", entry, error, path)

    def _free_number(self, path: Path, stamp: Stamp | None) -> Path:
        """Claim the first numbered name that is free, or that holds older results of the owner of `stamp`.

        The latter keeps two commands that take turns at one name from leaving a file each time.
        """
        for number in count(1):
            numbered = path.with_name(f"{path.stem}.{number}{path.suffix}")
            try:
                numbered.open("xb").close()
            except FileExistsError:
                older = self._unchanged(numbered)
                if stamp is None or older is None or not _are_of_one(older, stamp):
                    continue
            return numbered
        raise AssertionError("the numbers do not end")

    def _unchanged(self, path: Path) -> Stamp | None:
        """Return the stamp with which a run wrote the file; None if it has changed since or nothing is known of it."""
        if self.directory is None:
            return None
        try:
            values = json.loads(self._entry(self.directory, path).read_text(encoding="ascii"))
            known = values.pop("path") == str(path)
            stamp = Stamp(**values)
            is_same = known and path.stat().st_size == stamp.size and _sha256(path) == stamp.sha256
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return stamp if is_same else None

    @staticmethod
    def _entry(directory: Path, path: Path) -> Path:
        name = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return directory / f"{name}.json"


def _are_of_one(stamp: Stamp, other: Stamp | WrittenFiles) -> bool:
    """Whether both are of one command and not of different accounts."""
    accounts = {stamp.account, other.account} - {None}
    return stamp.owner == other.owner and len(accounts) < 2


NOTHING_KNOWN = WrittenFiles()
"""No record: every file that is there is kept."""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
