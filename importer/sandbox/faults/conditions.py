"""When a fault strikes: the SPEC after `NAME=`, parsed.

Draws depend on the seed and on what is asked, not on the order in which calls arrive, so a rehearsal repeats itself.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from importer.sandbox.catalog import TYPE_NAMES
from importer.sandbox.state import Pair

FAULT_SPEC_HELP = """\
NAME=SPEC, where SPEC is WHEN[,WHEN...][*TIMES]
The fault strikes when every WHEN holds, and one pair at most TIMES times. WHEN is one of
  always
  0.05                       this share of the calls, drawn anew at each call
  pairs:0.05                 this share of the pairs, the same ones each time they are asked for
  contacts:12>companies:7    this pair (in quotes on a command line); of a read a record: contacts:12>companies:0
  contacts>companies         calls about these two types, in this direction
  put, batch or read         single calls, batch associate calls or batch read calls
  account                    calls for the account's details, which no fault strikes that does not say so
  calls:50-80                the 50th to the 80th call since the start (calls:50 is one call)
  after:100                  every call after the 100th
  above:700                  calls with more than 700 inputs
  seconds:5-10               from the 5th up to the 10th second since the start
Examples: http_503=0.05  pending=pairs:0.1*3  token_expired=after:500  http_500=batch,0.2
"""
"""How to write a fault, for people."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a fault sees of a call: `kind` (`put`, `batch`, `read`, `account`), `number`, `seconds` since the start.

    Calls are numbered from 1; those for the account's details are left out.
    """

    kind: str
    from_type: str
    to_type: str
    pairs: Sequence[Pair]
    number: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What one condition is asked about: a call, and the pair of it in question (None: the call as a whole).

    `asked` says how often the pair was asked for, this time included; `draw` gives a number from 0 up to 1 for what
    it is given, always the same for the same seed and fault.
    """

    call: Call
    pair: Pair | None
    asked: int
    draw: Callable[..., float]


Condition = Callable[[Moment], bool]


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed SPEC.

    `about_pairs`: a condition looks at single pairs, so a batch must be searched for one. `about_account`: it is about
    the calls for the account's details, and no others.
    """

    conditions: tuple[Condition, ...]
    about_pairs: bool
    about_account: bool
    times: int | None

    def holds(self, moment: Moment) -> bool:
        """Whether every condition holds."""
        if self.about_account != (moment.call.kind == "account"):
            return False
        return all(condition(moment) for condition in self.conditions)


def drawing(seed: int, name: str) -> Callable[..., float]:
    """Return the draws of one fault: a function of anything with a stable repr to a number from 0 up to 1."""

    def draw(*subject: object) -> float:
        digest = blake2b(repr((seed, name, *subject)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    return draw


def parse_spec(text: str) -> Spec:
    """Return the parsed SPEC. Raises ValueError with one sentence."""
    body, star, times = text.partition("*")
    if star and not re.fullmatch(r"[1-9]\d{0,5}", times):
        raise ValueError(f"{text!r}: after '*' comes how often a pair is struck at most, such as *2.")
    words = body.split(",")
    return Spec(
        conditions=tuple(_condition(word.strip()) for word in words),
        about_pairs=any(":" in word and (">" in word or word.strip().startswith("pairs:")) for word in words),
        about_account="account" in map(str.strip, words),
        times=int(times) if star else None,
    )


def _condition(word: str) -> Condition:
    for pattern, make in _GRAMMAR:
        if match := re.fullmatch(pattern, word):
            return make(*match.groups())
    raise ValueError(
        f"{word!r} is not a condition of a fault. Known are: always, 0.05, pairs:0.05, contacts:12>companies:7, "
        "contacts>companies, put, batch, read, account, calls:50-80, after:100, above:700, seconds:5-10."
    )


def _always() -> Condition:
    return lambda moment: True


def _share(text: str) -> Condition:
    share = _fraction(text)

    def holds(moment: Moment) -> bool:
        if moment.pair is None:
            return moment.draw("call", moment.call.number) < share
        return moment.draw("ask", tuple(moment.pair), moment.asked) < share

    return holds


def _share_of_pairs(text: str) -> Condition:
    share = _fraction(text)
    return lambda moment: moment.pair is not None and moment.draw("pair", tuple(moment.pair)) < share


def _fraction(text: str) -> float:
    share = float(text)
    if share > 1:
        raise ValueError(f"{text!r} is not a share: from 0 (never) to 1 (always) is meant.")
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
    most = int(number)
    return lambda moment: len(moment.call.pairs) > most


def _seconds(start: str, end: str) -> Condition:
    begin, stop = float(start), float(end)
    if begin >= stop:
        raise ValueError(f"'seconds:{start}-{end}' ends before it begins.")
    return lambda moment: begin <= moment.call.seconds < stop


_NUMBER, _FRACTION, _TYPE = r"(\d{1,15})", r"(\d+(?:\.\d+)?|\.\d+)", r"([a-z0-9_-]+)"

_GRAMMAR: tuple[tuple[str, Callable[..., Condition]], ...] = (
    ("always", _always),
    (_FRACTION, _share),
    (f"pairs:{_FRACTION}", _share_of_pairs),
    (f"{_TYPE}:{_NUMBER}>{_TYPE}:{_NUMBER}", _pair),
    (f"{_TYPE}>{_TYPE}", _types),
    ("(put|batch|read|account)", _kind),
    (rf"calls:{_NUMBER}(?:-{_NUMBER})?", _calls),
    (f"after:{_NUMBER}", _after),
    (f"above:{_NUMBER}", _above),
    (f"seconds:{_FRACTION}-{_FRACTION}", _seconds),
)
