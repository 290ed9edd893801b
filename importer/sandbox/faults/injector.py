"""Requested faults, parsed, and the decision which of them occur at a call."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from importer.sandbox.faults.conditions import Call, Moment, Spec, parse_spec, random_fractions
from importer.sandbox.faults.kinds import CallFault, PairFault
from importer.sandbox.faults.table import FAULTS
from importer.sandbox.pairs import Pair
from importer.sandbox.state import State


@dataclass(frozen=True, slots=True)
class Fault:
    """A requested fault: its name in `FAULTS`, when it triggers, and the text it was parsed from."""

    name: str
    spec: Spec
    text: str


def parse_fault(text: str) -> Fault:
    """Parse `NAME=SPEC`. Raise ValueError with one sentence."""
    name, equals, spec = text.partition("=")
    if name not in FAULTS:
        raise ValueError(f"{name!r} is not a fault of the sandbox. Known faults: {', '.join(FAULTS)}.")
    if not equals or not spec:
        raise ValueError(
            f"{text!r} does not specify when the fault occurs: write {name}=always, {name}=0.05 or {name}=calls:50-80."
        )
    return Fault(name, parse_spec(spec), text)


class FaultInjector:
    """Decides which faults occur, and counts them in the state."""

    def __init__(self, faults: Iterable[Fault], seed: int, state: State) -> None:
        self._state = state
        self._on_calls = [(fault, kind) for fault in faults if isinstance(kind := FAULTS[fault.name], CallFault)]
        self._on_pairs = [(fault, kind) for fault in faults if isinstance(kind := FAULTS[fault.name], PairFault)]
        self._random = {fault.name: random_fractions(seed, fault.name) for fault in faults}
        self._times_occurred: Counter[tuple[Fault, object]] = Counter()

    def on_call(self, call: Call) -> CallFault | None:
        """Return the first call fault that affects this call."""
        for fault, kind in self._on_calls:
            if any(self._affects(fault, call, pair) for pair in self._subjects(fault, call)):
                return kind
        return None

    def on_pair(self, call: Call, pair: Pair) -> PairFault | None:
        """Return the first pair fault that affects this pair of the call."""
        for fault, kind in self._on_pairs:
            if self._affects(fault, call, pair):
                return kind
        return None

    def _subjects(self, fault: Fault, call: Call) -> Iterable[Pair | None]:
        return call.pairs if call.is_single or fault.spec.about_pairs else (None,)

    def _affects(self, fault: Fault, call: Call, pair: Pair | None) -> bool:
        asked = self._state.times_asked(pair) if pair else 0
        if not fault.spec.holds(Moment(call, pair, asked, self._random[fault.name])):
            return False
        if fault.spec.times is not None:
            subject = pair or next(iter(call.pairs), (call.kind, call.from_type, call.to_type))
            if self._times_occurred[fault, subject] >= fault.spec.times:
                return False
            self._times_occurred[fault, subject] += 1
        self._state.faults[fault.name] += 1
        return True
