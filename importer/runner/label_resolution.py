"""Resolves the labels of a new run to association types, before its journal is published and anything is sent."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from importer.errors import SettingsError
from importer.hubspot.association_types import AssociationType, parse_type, primary_type
from importer.hubspot.client import HubSpotClient
from importer.hubspot.labels import AmbiguousLabel, Label, Labels, UnknownLabel, parse_labels
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Reply, Response
from importer.journal import Journal, LabelKey, LabelUse, open_for_run
from importer.model import Labels as LabelTexts
from importer.model import ObjectType, Operation
from importer.runner.attempts import with_retries
from importer.runner.connection import connection
from importer.runner.context import RunContext
from importer.runner.label_conflicts import NO_LABEL_CONFLICTS, LabelConflicts, refuse_label_conflicts
from importer.runner.primary_conflicts import HeldClaims
from importer.runner.send import run_on_own_loop
from importer.runner.survivors import survivor_finder
from importer.runner.target import Target

_MAX_ATTEMPTS = 4
_MAX_NAMED = 20
_FIRST_ROWS = 5
_NOT_FOUND = 404

Types = tuple[ObjectType, ObjectType]


def resolve_labels(path: Path, target: Target, held: HeldClaims = tuple) -> LabelConflicts:
    """Resolve the labels of the journal at `path`, if it has any, and write them to it.

    Pairs whose labels contradict those of other rows, or the claims that `held` returns, are refused, and returned.
    Raises SettingsError if a label does not exist or is ambiguous, or if the labels of the account cannot be read, and
    AccountError if the settings require another account.
    """
    context = target.context
    with open_for_run(path) as journal:
        if not journal.has_unresolved_labels:
            return NO_LABEL_CONFLICTS
        target.identify()
        uses = journal.label_uses()
        reader = _LabelReader(context, {(from_type, to_type) for from_type, to_type, _ in uses})
        found = run_on_own_loop(reader.read())
        context.requests.reads += reader.calls
        types = {key: _resolve(key[2], found[key[:2]], key[:2], use, journal) for key, use in uses.items()}
        if journal.info.operation is Operation.UNLINK:
            _require_labels(journal, [key for key, one in types.items() if one == _unlabelled(found[key[:2]])], uses)
        journal.set_label_names(_names(found))

        def types_of(from_type: ObjectType, to_type: ObjectType, texts: LabelTexts) -> list[str]:
            unlabelled = _unlabelled(found[from_type, to_type])
            return [str(one) for text in texts if (one := types[from_type, to_type, text]) != unlabelled]

        def name_of(from_type: ObjectType, to_type: ObjectType, text: str) -> str:
            listed, kind = found[from_type, to_type], types[from_type, to_type, text]
            return str(kind) if isinstance(listed, str) else listed.name_of(kind)

        journal.set_goals(types_of)

        def is_primary(*key: *LabelKey) -> bool:
            return types.get(key) == primary_type(*key[:2]) is not None

        return refuse_label_conflicts(journal, name_of, is_primary, survivor_finder(context), held)


def resolve_labels_of_run(path: Path, target: Target, held: HeldClaims = tuple) -> None:
    """Resolve the labels of a new run as `resolve_labels` does, with warnings about pairs that are not sent."""
    conflicts = resolve_labels(path, target, held)
    if conflicts != NO_LABEL_CONFLICTS:
        with Journal(path) as journal:
            for warning in conflicts.warnings(journal.info.row_names):
                target.context.warn(warning)


def _names(found: Mapping[Types, Labels | str]) -> dict[LabelKey, str]:
    """Return the names of all labels that could be read, by object types and association type."""
    read = ((types, listed.names) for types, listed in found.items() if not isinstance(listed, str))
    return {(*types, str(kind)): name for types, names in read for kind, name in names.items()}


def _require_labels(journal: Journal, unlabelled: Sequence[LabelKey], uses: Mapping[LabelKey, LabelUse]) -> None:
    """Raise SettingsError if an `unlink` with labels would remove whole links.

    HubSpot removes all types of a pair if the unlabelled one is removed.
    """
    for key in unlabelled:
        raise SettingsError(
            "UNLABELLED_TYPE_NAMED",
            f"{_where(uses[key], key[2], journal)}: {key[2]!r} is the unlabelled type. Removing it would remove the "
            "whole link with all of its labels. Nothing was removed. Name labels only; to remove whole links, use "
            "importer unlink without labels.",
        )
    rows = journal.rows_without_labels(_FIRST_ROWS)
    if rows:
        names = ", ".join(map(journal.info.row_names.of, rows))
        raise SettingsError(
            "LABEL_CELL_EMPTY",
            f"{'row' if len(rows) == 1 else 'rows'} {names}: there is no label, but other rows have one. Nothing was "
            "removed. Enter the label to remove in each row; to remove whole links, add --map label= "
            "(the labels of the file are not used then).",
        )


class _LabelReader:
    """Reads the labels of an account between some object types, in both directions. `calls` counts the requests."""

    def __init__(self, context: RunContext, types: Iterable[Types]) -> None:
        self.calls = 0
        self._context = context
        self._types = sorted(types)
        self._listed: dict[Types, tuple[Label, ...] | str] = {}

    async def read(self) -> dict[Types, Labels | str]:
        """Return the labels of each pair of object types, or why they cannot be read."""
        async with connection(self._context) as (client, limiter):
            for from_type, to_type in self._types:
                for types in {(from_type, to_type), (to_type, from_type)} - self._listed.keys():
                    self._listed[types] = await self._list(client, limiter, types)
        return {types: self._both_directions(types) for types in self._types}

    def _both_directions(self, types: Types) -> Labels | str:
        forward, reverse = self._listed[types], self._listed[types[1], types[0]]
        if isinstance(forward, str):
            return forward
        is_same = types[0] == types[1]
        return Labels(forward, () if isinstance(reverse, str) or is_same else reverse)

    async def _list(self, client: HubSpotClient, limiter: RateLimiter, types: Types) -> tuple[Label, ...] | str:
        """Read one direction by the documented paths, one after the other while HubSpot returns 404."""
        for form in range(client.label_forms):
            reply = await self._request(client, limiter, types, form)
            found = parse_labels(reply) if isinstance(reply, Response) else None
            if found is not None:
                return found
            if isinstance(reply, NoResponse) or reply.http_status != _NOT_FOUND:
                break
        return _reason(reply)

    async def _request(self, client: HubSpotClient, limiter: RateLimiter, types: Types, form: int) -> Reply:
        async def send() -> Reply:
            await limiter.acquire()
            self.calls += 1
            try:
                return await client.labels(*types, form)
            finally:
                limiter.release()

        return await with_retries(send, self._context.settings, _MAX_ATTEMPTS)


def _reason(reply: Reply) -> str:
    if isinstance(reply, NoResponse):
        return f"HubSpot did not respond: {reply.reason}."
    message = reply.error.message
    return f"HubSpot returned {reply.http_status}{f': {message}' if message else ''}."


def _unlabelled(found: Labels | str) -> AssociationType | None:
    return None if isinstance(found, str) else found.unlabelled


def _resolve(text: str, found: Labels | str, types: Types, use: LabelUse, journal: Journal) -> AssociationType:
    """Return the type that a label text names. Raises SettingsError."""
    if isinstance(found, str):
        given = parse_type(text)
        if given is not None:
            return given
        raise SettingsError(
            "LABELS_NOT_READABLE",
            f"The labels from {types[0]} to {types[1]} could not be read, so {text!r} is not known: {found} Give the "
            "token permission to read both object types, or name labels as CATEGORY:ID, such as USER_DEFINED:12.",
        )
    resolved = found.resolve(text)
    if isinstance(resolved, UnknownLabel):
        raise SettingsError("LABEL_UNKNOWN", _unknown_message(resolved, types, _where(use, text, journal)))
    if isinstance(resolved, AmbiguousLabel):
        candidates = " or ".join(map(str, resolved.candidates))
        raise SettingsError(
            "LABEL_AMBIGUOUS",
            f"{_where(use, text, journal)}: several labels from {types[0]} to {types[1]} are called {text!r}. Write "
            f"{candidates} instead of the name.",
        )
    return resolved


def _where(use: LabelUse, text: str, journal: Journal) -> str:
    """Return where a label is used: the flag, or the first rows."""
    if text in journal.info.reading.get("labels", ()):
        return f"--label {text!r}"
    names = journal.info.row_names
    more = ", …" if use.pairs > len(use.rows) else ""
    rows = list(dict.fromkeys(map(names.of, use.rows)))
    return f"{'row' if len(rows) == 1 else 'rows'} {', '.join(rows)}{more}"


def _unknown_message(unknown: UnknownLabel, types: Types, where: str) -> str:
    shown = ", ".join(map(repr, unknown.existing[:_MAX_NAMED])) + (", …" if len(unknown.existing) > _MAX_NAMED else "")
    message = f"{where}: there is no label {unknown.text!r} from {types[0]} to {types[1]}. Nothing was sent."
    if unknown.split:
        split = ", ".join(f"{label.type} for {label.text!r}" for label in unknown.split[:_MAX_NAMED])
        return (
            f"{message} A semicolon separates several labels in a column, so write {split} there; --label takes a name "
            "with a semicolon as it is, for every row."
        )
    if unknown.is_reversed:
        return (
            f"{message} It exists in the other direction, from {types[1]} to {types[0]}: swap the two columns with "
            "--map from_object_id=COLUMN and --map to_object_id=COLUMN."
        )
    return f"{message} The labels are: {shown or 'none'}. Correct it, or create the label in HubSpot."
