"""The two kinds of faults.

A *call fault* changes the response of a whole call of any kind. A *pair fault* changes the result for one pair, alone
in a single call or among others in a batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from importer.sandbox.faults.conditions import Call
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import PairResult, Response

Transform = Callable[[Call, Response], Response]
"""Maps a call and its unfaulted response to the response that is sent."""


@dataclass(frozen=True, slots=True)
class CallFault:
    """A fault of a whole call.

    `links`: whether the call is carried out. If not, `transform` is given an empty response.
    """

    description: str
    links: bool
    transform: Transform


@dataclass(frozen=True, slots=True)
class PairFault:
    """A fault of one pair, which is then not linked: `result` returns its part of the response."""

    description: str
    result: Callable[[Pair], PairResult]
    links: bool = False
