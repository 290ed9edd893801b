"""The record of the files that runs wrote: a file is replaced or removed only if it has not changed since then."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from importer.atomic_file import explain, replace_text
from importer.errors import OutputError

logger = logging.getLogger(__name__)

_LOCK_TIMEOUT = 10.0
"""Seconds to wait for another command that is moving a file; a suspended command must not block others for ever."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The content of a file as its `owner` wrote it: size in bytes, hash, and HubSpot account (None if unknown).

    `run_id` is the only run that may replace the file, "" for any of its owner.
    """

    owner: str
    size: int
    sha256: str
    account: int | None = None
    run_id: str = ""


def _ignore(path: Path, kept: Path) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """The policy that decides which files may be replaced, from a record in `directory`.

    `owner` identifies the command that writes the results, `account` the HubSpot account to which they belong. An
    unknown account (None), as after a run that sent nothing, matches every account. A file is replaced if the same
    owner wrote it for the same account and it has not changed since. Any other file is a user's work, or another
    command's results, and is kept under the next free number; without a directory every file is kept. `on_kept` is
    called with the path of a file and the path under which it is kept (the same if it is not moved). If `is_only_copy`,
    only the run `run_id` may replace the files that are written: no other run has what is in them.
    """

    directory: Path | None = None
    owner: str = ""
    account: int | None = None
    on_kept: Callable[[Path, Path], None] = _ignore
    run_id: str = ""
    is_only_copy: bool = False

    def move(self, part: Path, destination: Path) -> None:
        """Move a finished file to its destination in one step; replace or keep the old file. Raises OSError."""
        with self._exclusive():
            stamp = None
            if self.directory is not None:
                run_id = self.run_id if self.is_only_copy else ""
                stamp = Stamp(self.owner, part.stat().st_size, _sha256(part), self.account, run_id)
            self._keep_unless_replaceable(destination)
            part.replace(destination)
            self._record(destination, stamp)

    def is_unchanged(self, path: Path) -> bool:
        """Return whether a run wrote the file at `path` and it has not changed since."""
        return self._unchanged(path) is not None

    def remove_useless_records(self, before: float) -> None:
        """Delete the records written before the POSIX time `before` whose files are gone or have changed.

        A file with another size has changed; the hash is not computed, because the files may be large and many. All
        other records are kept, however old: an unfinished run may still have to replace its file.
        """
        for entry in self.directory.glob("*.json") if self.directory is not None else ():
            with suppress(OSError):
                if entry.stat().st_mtime < before and not _is_useful(entry):
                    entry.unlink()

    def remove(self, target: Path) -> None:
        """Remove an old file if it may be replaced, else keep it. Raises OutputError when that fails."""
        path = target.resolve()
        try:
            with self._exclusive():
                if not path.exists():
                    return
                stamp = self._unchanged(path)
                if stamp is not None and _may_be_replaced_by(stamp, self):
                    path.unlink()
                else:
                    self.on_kept(path, path)
        except OSError as error:
            code, reason = explain(error)
            raise OutputError(code, f"The old {target} cannot be removed: {reason}") from error

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold the lock of this record, so that two commands do not claim the same free name.

        Continue without it where the lock cannot be used.
        """
        with ExitStack() as stack:
            if self.directory is not None:
                try:
                    self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                    lock = FileLock(self.directory.with_suffix(".lock"), _LOCK_TIMEOUT, mode=0o600)
                    stack.enter_context(lock)
                except (OSError, Timeout) as error:
                    logger.warning("%s cannot be locked: %s", self.directory, error)
            yield

    def _keep_unless_replaceable(self, path: Path) -> None:
        """Rename the file at `path`, if there is one, unless it may be replaced. Raises OSError."""
        if not path.exists():
            return
        stamp = self._unchanged(path)
        if stamp is not None and _may_be_replaced_by(stamp, self):
            return
        kept = self._free_number(path, stamp)
        path.replace(kept)
        self._record(kept, stamp)
        self.on_kept(path, kept)

    def _record(self, path: Path, stamp: Stamp | None) -> None:
        """Record that `path` now has the stamped content. A file without a record is kept by the next run."""
        if self.directory is None or stamp is None:
            return
        entry = self._entry(self.directory, path)
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_text(entry, json.dumps({"path": str(path), **asdict(stamp)}))
        except OSError as error:
            logger.warning("%s cannot be written (%s); the next run will keep a copy of %s.", entry, error, path)

    def _free_number(self, path: Path, stamp: Stamp | None) -> Path:
        """Claim the first numbered name that is free, or that holds older results of the owner of `stamp`.

        Reusing the latter prevents two commands that take turns writing to one name from leaving a new file each time.
        """
        for number in count(1):
            numbered = path.with_name(f"{path.stem}.{number}{path.suffix}")
            try:
                numbered.open("xb").close()
            except FileExistsError:
                older = self._unchanged(numbered)
                if stamp is None or older is None or not _may_be_replaced_by(older, stamp):
                    continue
            return numbered
        raise AssertionError("unreachable: count() is infinite")

    def _unchanged(self, path: Path) -> Stamp | None:
        """Return the stamp with which a run wrote the file; None if it has changed since or has no record."""
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


def _is_useful(entry: Path) -> bool:
    """Return whether the file of a record has the recorded size, or cannot be seen now. Raises OSError."""
    try:
        values = json.loads(entry.read_text(encoding="ascii"))
        path, size = Path(values["path"]), values["size"]
    except (ValueError, KeyError, TypeError):
        return False
    try:
        return bool(path.stat().st_size == size)
    except FileNotFoundError:
        return not path.parent.is_dir()  # such as a share that is not mounted
    except (OSError, ValueError):
        return True


def _may_be_replaced_by(stamp: Stamp, other: Stamp | WrittenFiles) -> bool:
    """Return whether `other` may replace the file with this stamp.

    Both must belong to the same command, to the same account, as far as both accounts are known, and to the same run if
    the file is the only copy of its results.
    """
    accounts = {stamp.account, other.account} - {None}
    return stamp.owner == other.owner and len(accounts) < 2 and stamp.run_id in {"", other.run_id}


NO_RECORD = WrittenFiles()
"""The policy without a record: every existing file is kept."""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
