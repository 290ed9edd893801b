"""Parsing responses: tolerant of everything; nothing is lost, raises or grows without bound."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.parse import MAX_TEXT_LENGTH, parse_response
from importer.hubspot.response import ErrorItem, RateHeaders
from tests.support.responses import complete, error, parsed, result

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
KEYS = [
    "status",
    "results",
    "numErrors",
    "errors",
    "category",
    "message",
    "context",
    "subCategory",
    "links",
    "policyName",
    "id",
    "code",
    "in",
]
OBJECTS = st.dictionaries(st.sampled_from(KEYS), JSON | st.lists(st.dictionaries(st.sampled_from(KEYS), JSON)))
STATUSES = st.integers(100, 599)


def assert_storable(text: str) -> None:
    text.encode()  # journals and results are UTF-8: a lone surrogate would end the run
    assert len(text) <= MAX_TEXT_LENGTH + 40


def assert_sound(found: Any) -> None:
    for item in found.error.flattened():
        for text in (item.category, item.sub_category, item.message, item.status, item.code, item.id, item.where):
            assert_storable(text)
        for name, values in item.context.items():
            for text in (name, *values):
                assert_storable(text)
    for text in (found.status, found.correlation_id, found.policy_name, found.completed_at):
        assert_storable(text)
    assert found.num_errors is None or 0 <= found.num_errors < 2**63
    found.details.encode()
    if found.details:
        json.loads(found.details, parse_constant=pytest.fail)


@given(STATUSES, st.binary(max_size=300))
def test_any_bytes_can_be_parsed(status: int, body: bytes) -> None:
    assert_sound(parsed(status, body))


@pytest.mark.slow
@given(STATUSES, JSON | OBJECTS)
def test_any_json_can_be_parsed(status: int, body: object) -> None:
    found = parsed(status, body)
    assert found.http_status == status
    assert found.is_json is isinstance(body, dict)
    assert_sound(found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"null",
        b"[]",
        b'"COMPLETE"',
        b"17",
        b'{"status": "COMPLETE", "results": [{"from"',
        b"<html><body>Welcome</body></html>",
        b"\xff\xfe\x00\x01",
        b"\x1f\x8b\x08\x00",
        b"[" * 100_000,
        b'{"numErrors": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_not_a_json_object_is_kept_in_the_details(body: bytes) -> None:
    found = parsed(200, body)
    assert not found.is_json
    assert found.status == ""
    assert found.results == ()
    assert bool(found.details) == bool(body.strip())
    assert_sound(found)


def test_a_body_may_begin_with_a_byte_order_mark() -> None:
    assert parsed(200, b"\xef\xbb\xbf" + json.dumps(complete()).encode()).status == "COMPLETE"


def test_every_field_of_a_success_is_read() -> None:
    found = parsed(200, complete(numErrors=0))
    assert (found.status, found.num_errors) == ("COMPLETE", 0)
    assert found.completed_at == "2026-05-01T10:00:01.000Z"
    assert [(item.from_id, item.to_id, item.category, item.type_id) for item in found.results] == [
        ("123456", "789", "HUBSPOT_DEFINED", "279"),
        ("789", "123456", "HUBSPOT_DEFINED", "280"),
    ]
    assert found.error == ErrorItem()
    assert found.details == ""


def test_every_field_of_an_error_is_read() -> None:
    detail = {"message": "Inner.", "code": "X1", "in": "toObjectId", "subCategory": "deep", "context": {"a": ["1"]}}
    item = error("OUTER", "Outer.", id="e-1", errors=[detail], subCategory={"name": "sub"})
    found = parsed(207, complete(status="COMPLETE", numErrors=1, errors=[item]))
    (outer,) = found.error.errors
    assert (outer.category, outer.message, outer.id, outer.sub_category) == ("OUTER", "Outer.", "e-1", "sub")
    (inner,) = outer.errors
    assert (inner.message, inner.code, inner.where, inner.sub_category) == ("Inner.", "X1", "toObjectId", "deep")
    assert inner.context == {"a": ("1",)}
    assert [one.message for one in found.error.flattened()] == ["", "Outer.", "Inner."]
    assert json.loads(found.details)["errors"][0]["errors"][0] == detail


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"missingScopes": ["a", "b"]}, {"missingScopes": ("a", "b")}),
        ({"missingScopes": "a"}, {"missingScopes": ("a",)}),
        ("{missingScopes=[a, b]}", {"missingScopes": ("a", "b")}),
        ("{missingScopes=[a, b], ids=[7]}", {"missingScopes": ("a", "b"), "ids": ("7",)}),
        ("nothing of the kind", {"context": ("nothing of the kind",)}),
        (["x", 1, None], {"context": ("x", "1", "")}),
        ({"deep": [{"a": 1}]}, {"deep": ('{"a":1}',)}),
        (None, {}),
        ("", {}),
        (17, {}),
    ],
)
def test_context_is_read_in_every_known_form(context: object, expected: object) -> None:
    assert parsed(400, error(context=context)).error.context == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("A.RULE", "A.RULE"), ({"name": "A.RULE"}, "A.RULE"), ({"value": "R"}, "R"), ({"x": 1}, '{"x":1}'), (7, "7")],
)
def test_a_sub_category_is_text_or_an_object(value: object, expected: str) -> None:
    assert parsed(400, error(subCategory=value)).error.sub_category == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0, 0),
        (3, 3),
        ("0", 0),
        ("12", 12),
        (False, 0),
        (True, 1),
        (-1, 1),
        (2.5, 1),
        ("many", 1),
        ("9" * 5000, 1),
        (10**30, 1),
        ([], 1),
        ({}, 1),
    ],
)
def test_a_number_of_errors_that_is_not_clearly_zero_counts(value: object, expected: int | None) -> None:
    assert parsed(200, complete(numErrors=value)).num_errors == expected


@pytest.mark.parametrize(
    "errors", [{"a": 1}, "broken", [None], [[]], [{}], [17], {"message": "x"}, [[{"message": "x"}]]]
)
def test_errors_of_an_unexpected_type_still_count(errors: object) -> None:
    found = parsed(200, complete(errors=errors))
    assert found.error.errors
    assert json.loads(found.details)["errors"] == errors


@pytest.mark.parametrize("errors", [None, [], {}, ""])
def test_empty_errors_do_not_count(errors: object) -> None:
    assert parsed(200, complete(errors=errors)).error.errors == ()


@pytest.mark.parametrize(
    "results", [None, {}, "x", 7, [None], ["x"], [[]], [{}], [{"from": 1, "to": 2}], [{"from": {}, "to": {"id": None}}]]
)
def test_malformed_results_name_no_record(results: object) -> None:
    assert all((item.from_id, item.to_id) == ("", "") for item in parsed(200, complete(results=results)).results)


@pytest.mark.parametrize("odd", [{"name": "789"}, {"value": "789"}, ["789"], True, 789.0, {"id": "789"}])
def test_only_a_text_or_an_integer_is_an_id(odd: object) -> None:
    (found,) = parsed(200, complete(results=[result("123456", odd)])).results
    assert found.to_id != "789"


def test_a_status_is_a_text_and_not_a_container_of_one() -> None:
    assert parsed(200, complete(status={"name": "COMPLETE"})).status != "COMPLETE"
    assert parsed(200, complete(status=["COMPLETE"])).status != "COMPLETE"


def test_a_message_of_a_megabyte_is_truncated_with_a_note() -> None:
    found = parsed(400, error(message="x" * 1_000_000, context={"k": ["y" * 1_000_000]}))
    assert found.error.message == "x" * MAX_TEXT_LENGTH + "… (1,000,000 characters)"
    assert len(found.details) < 3 * MAX_TEXT_LENGTH


@pytest.mark.slow
def test_details_of_a_huge_body_stay_within_bounds() -> None:
    wide: Any = "text of an error"
    for _ in range(3):
        wide = [wide] * 60
    for errors in ([error(message="m" * 1_000) for _ in range(5_000)], wide):
        found = parsed(400, error(errors=errors))
        assert len(found.details) <= 200_000
        json.loads(found.details)


def test_quotes_and_equals_signs_are_kept_and_control_characters_removed() -> None:
    message = '=HYPERLINK("x")\nsecond "line"\r\n,;\t\'third\' \u2028 \x07\x1b[31m\x00\x9b\u202e コンタクト \U0001f600'
    found = parsed(400, error(message=message, context={"a\n": ["b\x00"]}, errors=[{"message": "\x1bdeep"}]))
    assert found.error.message == '=HYPERLINK("x") second "line" ,; \'third\' [31m コンタクト \U0001f600'
    details = json.loads(found.details)
    assert (details["message"], details["context"]) == (found.error.message, {"a ": ["b"]})
    assert details["errors"] == [{"message": "deep"}]


@given(st.text(max_size=100))
def test_no_text_of_a_response_has_a_control_character(text: str) -> None:
    body = error(text, text, context={text: [text]}, subCategory=text, policyName=text, id=text) | {
        "correlationId": text
    }
    found = parsed(400, body)
    texts = [found.error.category, found.error.message, found.correlation_id, found.policy_name, found.details]
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in "".join(texts))


@pytest.mark.parametrize("odd", ["789\x00", "7\x008\x009", "789\n", " 789"])
def test_a_control_character_does_not_turn_one_id_into_another(odd: str) -> None:
    (found,) = parsed(200, complete(results=[result("123456", odd)])).results
    assert found.to_id != "789"


def test_half_a_surrogate_pair_is_replaced() -> None:
    found = parsed(400, b'{"message": "cut \\ud83d", "category": "\\ude00", "context": {"k\\ud83d": ["\\ud83d"]}}')
    assert found.error.message == "cut \ufffd"
    assert_sound(found)


@pytest.mark.parametrize("key", ["status", "message", "errors", "context", "subCategory", "results", "numErrors"])
def test_deep_nesting_is_parsed_or_unreadable_but_never_raises(key: str) -> None:
    for depth in range(800, 1000):  # the recursion limit of the JSON parser is in this range
        deep = "[" * depth + "]" * depth
        parsed(400, f'{{"{key}": {deep}}}'.encode())
        parsed(200, f'{{"errors": [{{"{key}": {{"a": {deep}}}}}]}}'.encode())


def test_errors_within_errors_are_read_to_a_bounded_depth() -> None:
    body = error(message="innermost")
    for level in range(50):
        body = error(message=f"level {level}", errors=[body])
    found = parsed(400, body)
    assert 5 < len(list(found.error.flattened())) < 20
    assert_sound(found)


def test_the_values_of_headers_are_kept_in_the_response() -> None:
    rate = RateHeaders(190, 10.0, 42)
    found = parse_response(429, b"", rate, 3.0)
    assert (found.rate, found.retry_after) == (rate, 3.0)


def test_the_special_fields_of_a_429_are_read() -> None:
    body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "DAILY", "correlationId": "c"}
    found = parsed(429, body)
    assert (found.policy_name, found.error.category, found.correlation_id) == ("DAILY", "RATE_LIMIT", "c")
