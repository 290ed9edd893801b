"""What ends a run: one sentence each, saying where, what was seen, what was expected, what to do.

    ImporterError
    ├── SettingsError   a flag, an environment variable or a config key is wrong
    ├── SourceError     the file to import cannot be read as a table of pairs
    ├── JournalError    the journal of a run cannot be used
    │   └── AccountError    the run belongs to another HubSpot account
    ├── BusyError       another process works on the same run or with the same token
    ├── OutputError     a results or failures file cannot be written
    ├── FileSystemError another file or directory cannot be used: no permission, no space, …
    └── RunAbortedError   one of these, after calls were made: the run can be resumed

What one row causes is never an exception: it is a `model.Problem` or a `model.Outcome`. What HubSpot does to a
run (token refused, daily limit, …) is not one either: the run stops, resumable, and its summary says why.

The sentence of every error is redacted: it may quote a value, and a token may have been typed into the wrong setting.
"""

from importer.redaction import redact


class ImporterError(Exception):
    """The run cannot continue; `str()` is the sentence to show and `code` its stable name, as in `HEADER_MISSING`.

    The command line exits with 2: nothing was sent.
    """

    def __init__(self, code: str, message: str = "") -> None:
        """Keep the code and the message, without any secret that the message may quote."""
        if not message:
            code, message = "UNNAMED", code
        self.code = code
        super().__init__(redact(message))


class SettingsError(ImporterError):
    """A flag, an environment variable or a key of the config file is wrong."""


class SourceError(ImporterError):
    """The source is missing, unreadable, or not a table with the columns that pairs need."""


class JournalError(ImporterError):
    """A journal is missing, damaged, from another version, or does not fit what is asked of it."""


class AccountError(JournalError):
    """A run belongs to another HubSpot account than the token, or that cannot be found out; nothing was sent."""


class BusyError(ImporterError):
    """Another process holds the run's journal or the token's rate."""


class RunAbortedError(ImporterError):
    """What ends a run struck after calls were made; the run can be resumed. The command line exits with 3."""


class OutputError(ImporterError):
    """A results or failures file cannot be written where it was asked for."""


class FileSystemError(ImporterError):
    """The system refuses the use of a file or directory, such as a lock or the state directory."""
