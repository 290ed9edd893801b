"""The interface between the service and the operations of the API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from importer.sandbox.pairs import Pair
from importer.sandbox.responses import PairResult, Refusal, Response
from importer.sandbox.routes import Route

Intercept = Callable[[Pair], PairResult | None]
"""Returns the result of a pair that a fault affects and that is therefore not changed; None without a fault."""


@dataclass(frozen=True, slots=True)
class Work:
    """A valid call: the pairs that faults can affect, and the function that carries it out."""

    carry_out: Callable[[Intercept], Response]
    pairs: Sequence[Pair] = ()


Operation = Callable[[Route, bytes], Work | Refusal]
"""Maps a route and a request body to the work, or to the refusal of the whole call."""
