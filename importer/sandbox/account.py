"""The rules of an account: which links may be created, and what removing them causes. No HTTP, no faults."""

from collections.abc import Callable, Iterable

from importer.sandbox import refusals, responses
from importer.sandbox.association_types import AssociationType, Definition
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair, Record
from importer.sandbox.responses import PairResult, Refusal
from importer.sandbox.state import State


class Account:
    """The records and links of one account, and its rules."""

    def __init__(self, options: SandboxOptions, state: State) -> None:
        self._options = options
        self._state = state

    # ---- linking

    def link(self, pair: Pair) -> PairResult:
        """Link the two records; the result holds the refusal if that is not allowed."""
        types = self._state.types
        if not types.has_default(pair.from_type, pair.to_type):
            unlabelled = types.unlabelled(pair.from_type, pair.to_type)
            return PairResult(refusal=refusals.invalid_association_type(unlabelled))
        survivor = self._resolve(pair)
        if isinstance(survivor, Pair):
            survivor = self._over_limit(survivor, ()) or survivor
        if isinstance(survivor, Refusal):
            return PairResult(refusal=survivor)
        self._state.links.add(survivor)
        return PairResult(results=responses.both_directions(survivor))

    def set_labels(self, pair: Pair, types: Iterable[AssociationType]) -> PairResult:
        """Link the two records with exactly these labels (besides the unlabelled type)."""
        survivor = self._resolve(pair)
        if isinstance(survivor, Refusal):
            return PairResult(refusal=survivor)
        definitions = self._definitions(survivor, types)
        if isinstance(definitions, list):
            definitions = self._over_limit(survivor, definitions) or definitions
        if isinstance(definitions, Refusal):
            return PairResult(refusal=definitions)
        labels = [one.type for one in definitions if one.label is not None]
        self._change(survivor, lambda: self._state.links.set_labels(survivor, labels))
        return PairResult(results=(responses.labels_item(survivor, self._label_texts(survivor)),))

    def _definitions(self, pair: Pair, types: Iterable[AssociationType]) -> list[Definition] | Refusal:
        found = []
        for one in types:
            definition = self._state.types.find(pair.from_type, pair.to_type, one)
            if definition is None:
                return refusals.invalid_association_type(one)
            found.append(definition)
        return found

    def _label_texts(self, pair: Pair) -> list[str]:
        known = {one.type: one.label for one in self._state.types.all(pair.from_type, pair.to_type)}
        return [text for one in self._state.links.labels(pair) if (text := known[one]) is not None]

    def _resolve(self, pair: Pair) -> Pair | Refusal:
        """Return the pair of the surviving records."""
        from_id = self._state.records.resolve(pair.from_type, pair.from_id)
        if from_id is None:
            return refusals.unknown_record("FROM", pair.from_type, pair.from_id)
        to_id = self._state.records.resolve(pair.to_type, pair.to_id)
        if to_id is None:
            return refusals.unknown_record("TO", pair.to_type, pair.to_id)
        if from_id == to_id and pair.from_type == pair.to_type:
            return refusals.invalid(f"{pair.from_type} {from_id} cannot be associated with itself")
        return Pair(pair.from_type, from_id, pair.to_type, to_id)

    # ---- limits

    def _over_limit(self, pair: Pair, definitions: Iterable[Definition]) -> Refusal | None:
        if self._options.link_cap is None and not self._state.types.has_limits:
            return None
        if pair not in self._state.links:
            for end in (pair, pair.reverse()):
                if refusal := self._over_cap(end):
                    return refusal
        types, links = self._state.types, self._state.links
        wanted = {one.type for one in definitions}
        for end, named in (
            (pair, wanted | {types.unlabelled(pair.from_type, pair.to_type)}),
            (pair.reverse(), {one.inverse for one in definitions} | {types.unlabelled(pair.to_type, pair.from_type)}),
        ):
            for one in named - set(links.types(end)):
                if refusal := self._over_label_limit(end, one):
                    return refusal
        return None

    def _over_cap(self, end: Pair) -> Refusal | None:
        cap = self._options.link_cap
        if cap is None or len(self._state.links.of(end.from_type, end.from_id, end.to_type)) < cap:
            return None
        return refusals.link_limit(cap, end.from_type, end.from_id, end.to_type)

    def _over_label_limit(self, end: Pair, wanted: AssociationType) -> Refusal | None:
        limit = self._state.types.limit(end.from_type, end.to_type, wanted)
        if limit is None:
            return None
        links = self._state.links
        others = [end._replace(to_id=other) for other in links.of(end.from_type, end.from_id, end.to_type)]
        if sum(wanted in links.types(other) for other in others) < limit:
            return None
        definition = self._state.types.find(end.from_type, end.to_type, wanted)
        return refusals.label_limit(limit, definition.label if definition else None, end.from_type, end.from_id)

    # ---- removing

    def archive(self, pair: Pair) -> PairResult:
        """Remove the link with all its types; a missing link is not an error."""
        survivor = self._resolve(pair)
        if isinstance(survivor, Refusal):
            return PairResult(refusal=survivor)
        self._change(survivor, lambda: self._state.links.remove(survivor))
        return PairResult()

    def archive_labels(self, pair: Pair, types: Iterable[AssociationType]) -> PairResult:
        """Remove these types from the link; types that it does not have are ignored."""
        survivor = self._resolve(pair)
        if isinstance(survivor, Refusal):
            return PairResult(refusal=survivor)
        removed = list(types)
        self._change(survivor, lambda: self._state.links.remove_labels(survivor, removed))
        return PairResult()

    def _change(self, pair: Pair, change: Callable[[], None]) -> None:
        """Change a link, and delete a lead that loses its last primary association by the change."""
        ends: list[Record] = [pair[:2], pair[2:]]
        leads = [end for end in ends if end[0] == "leads" and self._state.links.primary_records(end)]
        change()
        for lead in leads:
            if not self._state.links.primary_records(lead):
                self._state.archive(lead, responses.now())
