"""Conditions of faults: the SPEC after `NAME=`, parsed.

Random choices depend only on the seed and on the pair or the number of the call, so a rehearsal can be repeated.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from importer.sandbox.calls import SINGLE_KINDS, SPECIFIC_KINDS, CallKind
from importer.sandbox.catalog import TYPE_NAMES
from importer.sandbox.pairs import Pair

FAULT_SPEC_HELP = """\
NAME=SPEC, where SPEC is WHEN[,WHEN...][*TIMES]
The fault triggers when every WHEN holds, and at most TIMES times for one pair.
WHEN is one of
  always
  0.05                     this share of the calls, chosen again at every call
  pairs:0.05               this share of the pairs, the same ones at every
                           attempt
  contacts:12>companies:7  this pair (quote it in a shell); for a read, a record:
                           contacts:12>companies:0
  contacts>companies       calls for these two types, in this direction
  put, batch or read       single calls, batch associate calls or batch reads
  lookup, search, ...      calls of another kind: label_put, create, delete,
                           archive, labels_archive, links, labels,
                           configurations, record_limits, lookup, search,
                           records, properties
  account or oauth         calls for the account's details or a new token, which
                           only faults with this WHEN affect
  calls:50-80              the 50th to the 80th call since the start (calls:50
                           is one call)
  after:100                every call after the 100th
  above:700                calls with more than 700 inputs
  seconds:5-10             from the 5th up to the 10th second since the start
Examples: http_503=0.05  pending=pairs:0.1*3  token_expired=after:500
          http_500=batch,0.2
"""
"""How to write a fault, for help texts."""


@dataclass(frozen=True, slots=True)
class Call:
    """The part of a call that conditions depend on: kind, types, pairs, number and `seconds` since the start.

    Calls are numbered from 1; those of `UNNUMBERED_KINDS` are left out.
    """

    kind: CallKind
    from_type: str
    to_type: str
    pairs: Sequence[Pair]
    number: int
    seconds: float

    @property
    def is_single(self) -> bool:
        """True if the call is about one pair, named in its path."""
        return self.kind in SINGLE_KINDS


@dataclass(frozen=True, slots=True)
class Moment:
    """The input of a condition: a call, and one pair of it (None: the call as a whole).

    `asked`: how often the pair was requested, including this time. `random`: returns a number from 0 up to 1 for its
    arguments, always the same for the same seed and fault.
    """

    call: Call
    pair: Pair | None
    asked: int
    random: Callable[..., float]


Condition = Callable[[Moment], bool]


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed SPEC.

    `about_pairs`: whether a condition depends on single pairs, so that each pair of a batch must be tried. `kinds`: the
    kinds of calls that it names.
    """

    conditions: tuple[Condition, ...]
    about_pairs: bool
    kinds: frozenset[str]
    times: int | None

    def holds(self, moment: Moment) -> bool:
        """Return whether every condition holds."""
        if moment.call.kind in SPECIFIC_KINDS and moment.call.kind not in self.kinds:
            return False
        return all(condition(moment) for condition in self.conditions)


def random_fractions(seed: int, name: str) -> Callable[..., float]:
    """Return a function that maps anything with a stable repr to a number from 0 up to 1, for the fault `name`."""

    def random(*subject: object) -> float:
        digest = blake2b(repr((seed, name, *subject)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    return random


def parse_spec(text: str) -> Spec:
    """Parse a SPEC. Raise ValueError with one sentence."""
    body, star, times = text.partition("*")
    if star and not re.fullmatch(r"[1-9]\d{0,5}", times):
        raise ValueError(f"{text!r}: after '*' write the maximum number of times for one pair, such as *2.")
    words = [word.strip() for word in body.split(",")]
    return Spec(
        conditions=tuple(_condition(word) for word in words),
        about_pairs=any(":" in word and (">" in word or word.startswith("pairs:")) for word in words),
        kinds=frozenset(words) & frozenset(CallKind),
        times=int(times) if star else None,
    )


def _condition(word: str) -> Condition:
    for pattern, make in _CONDITION_PATTERNS:
        if match := re.fullmatch(pattern, word):
            return make(*match.groups())
    raise ValueError(
        f"{word!r} is not a condition of a fault. Known conditions: always, 0.05, pairs:0.05, "
        "contacts:12>companies:7, contacts>companies, calls:50-80, after:100, above:700, seconds:5-10, "
        f"and the kinds of calls: {', '.join(CallKind)}."
    )


def _always() -> Condition:
    return lambda moment: True


def _share(text: str) -> Condition:
    share = _fraction(text)

    def holds(moment: Moment) -> bool:
        if moment.pair is None:
            return moment.random("call", moment.call.number) < share
        return moment.random("ask", tuple(moment.pair), moment.asked) < share

    return holds


def _share_of_pairs(text: str) -> Condition:
    share = _fraction(text)
    return lambda moment: moment.pair is not None and moment.random("pair", tuple(moment.pair)) < share


def _fraction(text: str) -> float:
    share = float(text)
    if share > 1:
        raise ValueError(f"{text!r} is not a share: it must be from 0 (never) to 1 (always).")
    return share


def _pair(from_type: str, from_id: str, to_type: str, to_id: str) -> Condition:
    pair = Pair(_type(from_type), int(from_id), _type(to_type), int(to_id))
    return lambda moment: moment.pair == pair


def _types(from_type: str, to_type: str) -> Condition:
    types = (_type(from_type), _type(to_type))
    return lambda moment: (moment.call.from_type, moment.call.to_type) == types


def _type(name: str) -> str:
    if name not in TYPE_NAMES:
        raise ValueError(
            f"{name!r} is not an object type of the sandbox (plurals and ids are, such as contacts or 0-1)."
        )
    return TYPE_NAMES[name]


def _kind(kind: str) -> Condition:
    return lambda moment: moment.call.kind == kind


def _calls(first: str, last: str | None) -> Condition:
    start, end = int(first), int(last or first)
    if start > end:
        raise ValueError(f"'calls:{first}-{last}' ends before it begins.")
    return lambda moment: start <= moment.call.number <= end


def _after(number: str) -> Condition:
    start = int(number)
    return lambda moment: moment.call.number > start


def _above(number: str) -> Condition:
    maximum = int(number)
    return lambda moment: len(moment.call.pairs) > maximum


def _seconds(start: str, end: str) -> Condition:
    begin, stop = float(start), float(end)
    if begin >= stop:
        raise ValueError(f"'seconds:{start}-{end}' ends before it begins.")
    return lambda moment: begin <= moment.call.seconds < stop


_NUMBER, _FRACTION, _TYPE = r"(\d{1,15})", r"(\d+(?:\.\d+)?|\.\d+)", r"([a-z0-9_-]+)"

_CONDITION_PATTERNS: tuple[tuple[str, Callable[..., Condition]], ...] = (
    ("always", _always),
    (_FRACTION, _share),
    (f"pairs:{_FRACTION}", _share_of_pairs),
    (f"{_TYPE}:{_NUMBER}>{_TYPE}:{_NUMBER}", _pair),
    (f"{_TYPE}>{_TYPE}", _types),
    (f"({'|'.join(CallKind)})", _kind),
    (rf"calls:{_NUMBER}(?:-{_NUMBER})?", _calls),
    (f"after:{_NUMBER}", _after),
    (f"above:{_NUMBER}", _above),
    (f"seconds:{_FRACTION}-{_FRACTION}", _seconds),
)
