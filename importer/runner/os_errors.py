"""Turns errors of the operating system into errors with a code and a sentence."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from importer.errors import FileSystemError

_REASONS = {
    errno.ENOSPC: ("DISK_FULL", "the disk has no space or no inodes left. Free some and run the same command again"),
    errno.EDQUOT: ("QUOTA_EXCEEDED", "the user's disk quota is used up. Free some space and run the command again"),
    errno.EACCES: ("PERMISSION_DENIED", "permission denied. Check its owner and permissions"),
    errno.EPERM: ("PERMISSION_DENIED", "permission denied. Check its owner and permissions"),
    errno.EROFS: ("READ_ONLY_FILE_SYSTEM", "the file system is read-only"),
}


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Turn an OSError into a FileSystemError: a problem with a path or the disk is not a bug.

    An OSError without a number, such as asyncio's TimeoutError, does not come from a system call and is not caught.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise _file_system_error(error, error.errno) from error


def _file_system_error(error: OSError, number: int) -> FileSystemError:
    subject = "A file or directory that the run needs" if error.filename is None else os.fsdecode(error.filename)
    code, reason = _REASONS.get(number) or ("FILE_UNUSABLE", error.strerror or str(error))
    message = f"{subject} cannot be used: {reason}. To use another location, give --state-dir or --out."
    return FileSystemError(code, message)
