"""All operations of the API by kind of call."""

from collections.abc import Callable, Mapping

from importer.sandbox.account import Account
from importer.sandbox.calls import CallKind
from importer.sandbox.linking import Linking
from importer.sandbox.lookup import Lookup
from importer.sandbox.options import SandboxOptions
from importer.sandbox.reading import Reading
from importer.sandbox.removing import Removing
from importer.sandbox.searching import Searching
from importer.sandbox.state import State
from importer.sandbox.work import Operation


def operations(options: SandboxOptions, state: State, clock: Callable[[], float]) -> Mapping[CallKind, Operation]:
    """Return the operations on a state; the OAuth endpoint is not one of them. `clock` returns monotonic seconds."""
    account = Account(options, state)
    linking, removing = Linking(options, state, account), Removing(options, state, account)
    reading, lookup = Reading(options, state, clock), Lookup(options, state)
    return {
        CallKind.PUT: linking.put,
        CallKind.BATCH: linking.batch,
        CallKind.LABEL_PUT: linking.label_put,
        CallKind.CREATE: linking.create,
        CallKind.DELETE: removing.delete,
        CallKind.ARCHIVE: removing.archive,
        CallKind.LABELS_ARCHIVE: removing.labels_archive,
        CallKind.READ: reading.read,
        CallKind.LINKS: reading.links,
        CallKind.LABELS: reading.labels,
        CallKind.LABEL_CREATE: reading.label_create,
        CallKind.CONFIGURATIONS: reading.configurations,
        CallKind.RECORD_LIMITS: reading.record_limits,
        CallKind.LOOKUP: lookup.lookup,
        CallKind.RECORDS: lookup.records,
        CallKind.PROPERTIES: lookup.properties,
        CallKind.ACCOUNT: lookup.account,
        CallKind.SEARCH: Searching(state).search,
    }
