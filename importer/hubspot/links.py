"""Batch reads: the links that an answer names, and what the answer means for the records asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from importer.hubspot.answers import Answer, NoAnswer, id_of, objects
from importer.hubspot.verdict import Action, Verdict, incomplete, judge, unreadable
from importer.model import Outcome, Pair, Status


@dataclass(frozen=True, slots=True)
class Links:
    """What a batch read says.

    `types` has each link found, by (from id, to id), with its types; `after` where to read on, by from id; `named` are
    the from ids of the results, which are not the ids asked for where records were merged.
    """

    types: Mapping[tuple[str, str], str]
    after: Mapping[str, str]
    named: frozenset[str]


def judge_read(answer: Answer | NoAnswer, pair: Pair) -> Verdict:
    """What an answer to a batch read about `pair` and others means; with `already_linked` it can be read."""
    if isinstance(answer, NoAnswer) or not 200 <= answer.http_status < 300:
        return judge(answer, pair)
    if answer.status not in {"", "COMPLETE"}:
        return incomplete(answer)
    if isinstance(answer.content.get("results"), list):
        return Verdict(Action.SETTLE, Outcome(Status.ALREADY_LINKED, answer.http_status, answer.status))
    return unreadable(answer)


def read_links(answer: Answer) -> Links:
    """The links that the answer to a batch read names."""
    types: dict[tuple[str, str], str] = {}
    after: dict[str, str] = {}
    for item in objects(answer.content.get("results")):
        from_id = id_of(item.get("from"))
        for link in objects(item.get("to")):
            specs = (
                f"{_text(spec.get('category'))}:{_text(spec.get('typeId'))}"
                for spec in objects(link.get("associationTypes"))
            )
            types[from_id, _text(link.get("toObjectId"))] = ";".join(specs)
        paging = item.get("paging")
        following = paging.get("next") if isinstance(paging, dict) else None
        if isinstance(following, dict) and following.get("after"):
            after[from_id] = _text(following["after"])
    return Links(types, after, frozenset(id_of(item.get("from")) for item in objects(answer.content.get("results"))))


def _text(value: object) -> str:
    """A JSON text or integer as text; "" for anything else."""
    return value if isinstance(value, str) else str(value) if type(value) is int else ""
