"""The errors that end a run; each message states where, what was seen, what was expected and what to do.

    ImporterError
    ├── SettingsError     a flag, an environment variable or a config key is wrong
    ├── SourceError       the file to import cannot be read as a table of pairs
    │   └── ColumnsError  its header does not identify the columns of a pair
    │       └── MissingColumnsError  it has no column for a record
    ├── JournalError      the journal of a run cannot be used
    │   └── AccountError  the run belongs to another HubSpot account
    ├── HubSpotError      HubSpot could not be read before the run; nothing was sent
    ├── BusyError         another process is working on the same run or using the same token
    ├── OutputError       a results or failures file cannot be written
    ├── FileSystemError   another file or directory cannot be used: no permission, no space, …
    ├── ConfirmationError a removal was not confirmed; nothing was removed
    └── RunAbortedError   one of the above, raised after requests were sent; the run can be resumed

Every error has a `code`: a stable name in capitals for its condition, such as `NO_ID_COLUMN` or `JOURNAL_DAMAGED`. One
condition has one code, whatever the file format. The command line prints it after the message (`Error: … [CODE]`), and
as `code` with `--log-format json`. Scripts and tests rely on codes; messages may be reworded at any time.

Problems of a single row are values, not exceptions: `model.Problem` and `model.Outcome`. Nor are HubSpot's responses
that stop a run (token refused, daily limit, …): the run stops, can be resumed, and its summary gives the reason.

Messages are redacted: they may quote a value, and a token may have been typed into the wrong setting.
"""

from collections.abc import Mapping
from typing import Any

from importer.redaction import redact


class ImporterError(Exception):
    """The run cannot continue; `str()` is the message, `code` the stable name of the condition.

    The command line exits with 2: nothing was sent.
    """

    def __init__(self, code: str, message: str) -> None:
        """Store the code and the redacted message."""
        self.code = code
        super().__init__(redact(message))


class SettingsError(ImporterError):
    """A flag, an environment variable or a key of the config file is wrong."""


class SourceError(ImporterError):
    """The source is missing, unreadable, or not a table with the columns that pairs need."""


class ColumnsError(SourceError):
    """A header does not identify the columns of a pair or their types; settings can name them."""


class MissingColumnsError(ColumnsError):
    """A header has no column for a record.

    `lookup` has the settings, as keyword arguments of `Reading`, that look the record up by the values of other columns
    instead; it is empty if there are no such columns.
    """

    def __init__(self, code: str, message: str, lookup: Mapping[str, str]) -> None:
        """Store the code, the redacted message and the settings."""
        self.lookup = lookup
        super().__init__(code, message)


class JournalError(ImporterError):
    """A journal is missing, damaged, of another version, or does not fit the command."""


class AccountError(JournalError):
    """The run and the token belong to different HubSpot accounts, or the account is unknown; nothing was sent."""


class HubSpotError(ImporterError):
    """HubSpot refused or failed to return what a run needs to know before it sends anything."""


class BusyError(ImporterError):
    """Another process holds the run's journal or the token's rate limit."""


class ConfirmationError(ImporterError):
    """The number of links to remove was not confirmed; nothing was removed."""


class RunAbortedError(ImporterError):
    """A run was aborted after requests were sent; it can be resumed. The command line exits with 3.

    `run` holds what is known of the run, as JSON values by the keys of a summary.
    """

    def __init__(self, code: str, message: str, run: Mapping[str, Any]) -> None:
        """Store the code, the redacted message and the run."""
        self.run = dict(run)
        super().__init__(code, message)


class OutputError(ImporterError):
    """A results or failures file cannot be written."""


class FileSystemError(ImporterError):
    """The operating system refuses access to a file or directory, such as a lock or the state directory."""
