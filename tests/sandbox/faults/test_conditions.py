"""Conditions of faults, and the decision which fault occurs."""

import pytest

from importer.sandbox import FAULT_SPEC_HELP, FAULTS, Fault, Pair, State, parse_fault, table
from importer.sandbox.calls import CallKind
from importer.sandbox.faults.conditions import Call
from importer.sandbox.faults.injector import FaultInjector

PAIRS = [Pair("contacts", number, "companies", number) for number in range(1, 2001)]


def injector(*texts: str, seed: int = 0, state: State | None = None) -> FaultInjector:
    return FaultInjector([parse_fault(text) for text in texts], seed, state or State(10))


def put(pair: Pair = PAIRS[0], number: int = 1, seconds: float = 0.0) -> Call:
    return Call(CallKind.PUT, pair.from_type, pair.to_type, (pair,), number, seconds)


def affected(spec: str, seed: int = 0) -> set[int]:
    """Return the ids of the pairs whose first PUT is affected by a fault with this spec."""
    faults = injector(f"reset={spec}", seed=seed)
    return {pair.from_id for number, pair in enumerate(PAIRS, 1) if faults.on_call(put(pair, number))}


def test_a_share_affects_about_that_share_of_calls_and_the_same_ones_for_the_same_seed() -> None:
    assert 60 <= len(affected("0.05")) <= 140
    assert affected("0.05") == affected("0.05")
    assert affected("0.05") != affected("0.05", seed=1)


def test_a_share_of_calls_is_chosen_again_at_every_attempt_and_a_share_of_pairs_is_not() -> None:
    outcomes = {}
    for spec in ("0.5", "pairs:0.5"):
        state = State(10)
        faults = injector(f"reset={spec}", state=state)
        triggered_at = []
        for _ in range(40):
            state.ask(PAIRS[:1])
            triggered_at.append(bool(faults.on_call(put())))
        outcomes[spec] = set(triggered_at)
    assert outcomes["0.5"] == {True, False}
    assert len(outcomes["pairs:0.5"]) == 1
    assert 900 <= len(affected("pairs:0.5")) <= 1100


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("always", set(range(1, 2001))),
        ("contacts:12>companies:12", {12}),
        ("0-1:12>0-2:12", {12}),
        ("companies:12>contacts:12", set()),
        ("contacts>companies,calls:3-5", {3, 4, 5}),
        ("companies>contacts", set()),
        ("calls:7", {7}),
        ("after:1998", {1999, 2000}),
        ("above:0", set(range(1, 2001))),
        ("above:1", set()),
        ("batch", set()),
        ("put,calls:9", {9}),
        ("0", set()),
        ("1", set(range(1, 2001))),
    ],
)
def test_a_spec_affects_exactly_the_calls_it_describes(spec: str, expected: set[int]) -> None:
    assert affected(spec) == expected


def test_seconds_count_from_the_start_with_an_open_end() -> None:
    faults = injector("reset=seconds:5-10.5")
    assert [bool(faults.on_call(put(seconds=moment))) for moment in (4.9, 5.0, 10.4, 10.5)] == [
        False,
        True,
        True,
        False,
    ]


def test_times_limits_how_often_one_pair_is_affected() -> None:
    faults = injector("reset=always*2")
    assert [bool(faults.on_call(put(pair))) for pair in PAIRS[:2] for _ in range(3)] == [True, True, False] * 2


def test_the_first_fault_that_triggers_wins_and_is_counted() -> None:
    state = State(10)
    faults = injector("http_503=calls:2", "reset=always", state=state)
    assert [faults.on_call(put(number=number)) for number in (1, 2)] == [FAULTS["reset"], FAULTS["http_503"]]
    assert state.faults == {"reset": 1, "http_503": 1}


def test_a_batch_is_affected_by_a_fault_of_any_of_its_pairs() -> None:
    batch = Call(CallKind.BATCH, "contacts", "companies", PAIRS, 1, 0.0)
    assert injector("reset=contacts:12>companies:12").on_call(batch)
    assert not injector("reset=contacts:12>companies:13").on_call(batch)


def test_a_share_of_calls_affects_a_batch_as_one_call() -> None:
    faults = injector("reset=0.05")
    batches = [Call(CallKind.BATCH, "contacts", "companies", PAIRS, number, 0.0) for number in range(1, 401)]
    assert 4 <= sum(1 for batch in batches if faults.on_call(batch)) <= 45


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rest=0.05", "'rest' is not a fault of the sandbox. Known faults: reset, "),
        ("reset", "does not specify when"),
        ("reset=", "does not specify when"),
        ("reset=sometimes", "'sometimes' is not a condition"),
        ("reset=1.5", "'1.5' is not a share"),
        ("reset=contact:1>companies:2", "'contact' is not an object type"),
        ("reset=calls:9-3", "ends before it begins"),
        ("reset=seconds:9-3", "ends before it begins"),
        ("reset=always*0", "maximum number of times"),
        ("reset=always,", "'' is not a condition"),
    ],
)
def test_an_invalid_fault_is_refused_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        parse_fault(text)


def test_a_parsed_fault_keeps_its_text() -> None:
    fault = parse_fault("pending=pairs:0.1*3")
    assert isinstance(fault, Fault)
    assert (fault.name, fault.text, fault.spec.times) == ("pending", "pending=pairs:0.1*3", 3)


def test_every_example_in_the_help_can_be_parsed() -> None:
    conditions, examples = FAULT_SPEC_HELP.partition("one of\n")[2].split("Examples: ")
    words = [line.split()[0].rstrip(",") for line in conditions.splitlines() if not line.startswith("   ")]
    assert len(words) == 12
    for word in words:
        parse_fault(f"reset={word}")
    for example in examples.split():
        parse_fault(example)


def test_the_printed_table_has_every_fault() -> None:
    lines = table().splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)
    assert {line.split()[0] for line in lines if line.split()[1] == "links"} == {
        n for n, f in FAULTS.items() if f.links
    }
