"""Batch reads: the links that a response lists, and which of the requested records it covers.

A record that a response does not mention was not read. It has no links only if `results` or an error says so.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from importer.hubspot.association_types import AssociationType, TypeSet, parse_types
from importer.hubspot.attribution import ids_named
from importer.hubspot.classify import Action, Decision, classify_response, incomplete, unreadable
from importer.hubspot.parse import errors_of, id_of, id_text, objects
from importer.hubspot.response import ErrorItem, NoResponse, Reply, Response
from importer.model import Outcome, Pair, Status, is_record_id
from importer.redaction import cleaned

_NO_LINKS = "NO_ASSOCIATIONS_FOUND"
_NO_RECORD = "OBJECT_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Link:
    """A listed link: its types as `CATEGORY:ID;…`, whether the unlabelled type is among them, and the labels.

    `labels` holds the text of each labelled type ("" if it is unreadable), and the type as `CATEGORY:ID`.
    """

    types: str
    is_unlabelled: bool
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def type_set(self) -> TypeSet | None:
        """The types as a set; None if the listing names none, or one that is malformed."""
        try:
            return parse_types(self.types)
        except ValueError:
            return None

    @property
    def label_set(self) -> TypeSet:
        """The types that have a label. Raises ValueError if one is malformed."""
        return parse_types(";".join(kind for _, kind in self.labels)) if self.labels else frozenset()

    def merge(self, earlier: "Link | None") -> "Link":
        """Return the link with the types of an earlier listing added: a link may be listed once for each type."""
        if earlier is None:
            return self
        types = dict.fromkeys(kind for listed in (earlier, self) for kind in listed.types.split(";") if kind)
        labels = tuple(dict.fromkeys((*earlier.labels, *self.labels)))
        return Link(";".join(types), self.is_unlabelled or earlier.is_unlabelled, labels)


@dataclass(slots=True)
class Page:
    """The content of one response about the requested records.

    `links` holds the wanted links by (requested id, other id). `after` maps a requested id to the cursor of its next
    page, and `listed` the same ids to the other ids on this page. `answered` holds the records that the response
    covers, `unreadable` those whose part is contradictory, incomplete or malformed. `merged_into` maps a record that
    was requested alone to its survivor. `has_unknown_ids`: results name records that were not requested, into which
    requested ones were merged. `primaries` maps a requested record to its primary record, wanted or not, and `numbers`
    to the number of its listed links.
    """

    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    listed: dict[str, frozenset[str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    merged_into: dict[str, str] = field(default_factory=dict)
    primaries: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    has_unknown_ids: bool = False


def classify_read_response(response: Reply, pair: Pair) -> Decision:
    """Return the meaning of the response to a batch read; its outcome is `already_linked` if it can be read."""
    if isinstance(response, NoResponse) or not 200 <= response.http_status < 300:
        return classify_response(response, pair)
    if response.is_too_large:
        return Decision(Action.DONE, unreadable(response).outcome)
    if response.status not in {"", "COMPLETE"}:
        return incomplete(response)
    if isinstance(response.content.get("results"), list):
        return Decision(Action.DONE, Outcome(Status.ALREADY_LINKED, response.http_status, response.status))
    return unreadable(response)


def parse_page(
    response: Response, wanted: Mapping[str, Container[str]], primary: AssociationType | None = None
) -> Page:
    """Parse a readable response; `wanted` maps each requested id to the other ids to look for.

    `primary` is the type of the primary link of a requested record, None if records of these types have none.
    """
    page = Page()
    results = objects(response.content.get("results"))
    alone = next(iter(wanted)) if len(wanted) == 1 else None
    named = {id_of(item.get("from")) for item in results}
    page.has_unknown_ids = bool(named - wanted.keys())
    if alone is not None and len(named) == 1 and page.has_unknown_ids:
        page.merged_into[alone] = next(iter(named))
    aliases = {survivor: record for record, survivor in page.merged_into.items()}
    for item in results:
        record = id_of(item.get("from"))
        record = aliases.get(record, record)
        if record in wanted:
            _parse_result(item, record, wanted[record], page)
            if primary is not None:
                _parse_primary(item, record, primary, page)
    without_links = _parse_errors(response, wanted, page)
    page.answered = (page.answered | without_links) - page.unreadable
    return page


def _parse_result(item: Mapping[str, Any], record: str, others: Container[str], page: Page) -> None:
    listed = item.get("to")
    links = objects(listed)
    for link in links:
        other = id_text(link.get("toObjectId"))
        if other in others:
            page.links[record, other] = _link(link).merge(page.links.get((record, other)))
    ids = [id_text(link.get("toObjectId")) for link in links]
    after = _next_cursor(item)
    is_known = isinstance(listed, list) and len(ids) == len(listed) and all(ids) and after is not None
    if not is_known or (after and page.after.get(record, after) != after):
        page.unreadable.add(record)
    page.answered.add(record)
    page.numbers[record] = page.numbers.get(record, 0) + len(ids)
    if after:
        page.after[record] = after
        page.listed[record] = page.listed.get(record, frozenset()).union(ids)


def _parse_primary(item: Mapping[str, Any], record: str, primary: AssociationType, page: Page) -> None:
    for link in objects(item.get("to")):
        for spec in objects(link.get("associationTypes")):
            if id_text(spec.get("typeId")) == str(primary.type_id) and spec.get("category") == primary.category:
                page.primaries[record] = id_text(link.get("toObjectId"))


def _next_cursor(item: Mapping[str, Any]) -> str | None:
    """Return the cursor of the next page of a record; "" if there is none, None if it is missing or malformed."""
    paging = item.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else paging
    if following is None:
        return ""
    return (id_text(following.get("after")) if isinstance(following, dict) else "") or None


def _link(item: Mapping[str, Any]) -> Link:
    """Parse a listed link. The unlabelled type has no label; a listing without types proves nothing.

    Source: HubSpot, AssociationSpecWithLabel, where `label` is optional; its guide says that the unlabelled type is
    listed beside each label, including Primary.
    """
    types: list[str] = []
    labels: list[tuple[str, str]] = []
    for spec in objects(item.get("associationTypes")):
        type_id = id_text(spec.get("typeId"))
        if type_id:
            types.append(f"{cleaned(id_text(spec.get('category')))}:{type_id}")
            label = spec.get("label")
            if label not in (None, ""):
                labels.append((label if isinstance(label, str) else "", types[-1]))
    return Link(";".join(types), len(labels) < len(types), tuple(labels))


def _parse_errors(response: Response, wanted: Mapping[str, Container[str]], page: Page) -> set[str]:
    """Return the requested records that have no links or do not exist according to an error.

    A record that any other error names is unreadable, even if it has a result. An error that names none of them, or is
    only counted, may apply to any record with a result.
    """
    found: set[str] = set()
    items = response.content.get("errors") or []
    others = (response.num_errors or 0) > (len(items) if isinstance(items, list) else 1) or not isinstance(items, list)
    unattributed = others
    for item in items if isinstance(items, list) else ():
        context = item.get("context") if isinstance(item, dict) else None
        ids = context.get("fromObjectId") if isinstance(context, dict) else None
        if isinstance(ids, list) and len(ids) == 1 and ids[0] in wanted and _NO_LINKS in str(item.get("subCategory")):
            found.add(ids[0])  # the usual form, up to a thousand times in a response
        else:
            others = True
    for error in errors_of(response) if others else ():
        codes = {code for one in error.flattened() for code in (one.category, one.sub_category, one.code)}
        named = ids_named(error, wanted.keys())
        if any(_NO_LINKS in code or _NO_RECORD in code for code in codes):
            found |= named
            if len(wanted) == 1 and any(_NO_LINKS in code for code in codes):
                found |= wanted.keys()  # the error may name the surviving record instead
                page.merged_into.update(_survivor(error, next(iter(wanted))))
        elif named:
            page.unreadable |= named
        else:
            unattributed = True
    if unattributed:
        page.unreadable |= page.answered
    return found


def _survivor(error: ErrorItem, alone: str) -> dict[str, str]:
    """Return the surviving record, by the requested one, if an error about a record without links names another one."""
    named = {number for one in error.flattened() for number in one.context.get("fromObjectId", ())}
    survivors = [one for one in named - {alone} if is_record_id(one)]
    return {alone: survivors[0]} if len(named) == len(survivors) == 1 else {}
