"""Turn what the operating system refuses into one sentence."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from importer.errors import FileSystemError

_REASONS = {
    errno.ENOSPC: "the disk has no space or no inodes left. Free some and run the same command again",
    errno.EDQUOT: "this user's quota is used up. Free some space and run the same command again",
    errno.EACCES: "this user may not access it. Check the owner and the permissions",
    errno.EPERM: "this user may not access it. Check the owner and the permissions",
    errno.EROFS: "the file system is read-only",
}


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Raise FileSystemError for an OSError of the block: a path from the user or the system is not a bug of ours.

    An OSError without a number comes from no system call (a TimeoutError of asyncio, say) and passes.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise FileSystemError(_sentence(error, error.errno)) from error


def _sentence(error: OSError, number: int) -> str:
    subject = "A file or directory that the run needs" if error.filename is None else os.fsdecode(error.filename)
    reason = _REASONS.get(number) or error.strerror or str(error)
    return f"{subject} cannot be used: {reason}. Other places can be named with --state-dir and --out."
