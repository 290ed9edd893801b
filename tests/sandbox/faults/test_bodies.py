"""The bodies and headers of faults."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from tests.support.faulty_hubspot import PUT, READ, body_of, see, with_faults
from tests.support.local_hubspot import local_hubspot


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ("empty_results", {"status": "COMPLETE", "results": []}),
        ("unnamed_results", {"status": "COMPLETE", "results": []}),
        ("pending", {"status": "PENDING", "results": []}),
        ("processing", {"status": "PROCESSING"}),
        ("canceled", {"status": "CANCELED"}),
        ("cancelled", {"status": "CANCELLED"}),
        ("unknown_status", {"status": "DEFERRED"}),
        ("num_errors_alone", {"status": "COMPLETE", "results": [], "numErrors": 1}),
        ("null_fields", {"status": "COMPLETE", "errors": None, "numErrors": None}),
        ("token_expired", {"category": "EXPIRED_AUTHENTICATION"}),
        ("too_fast", {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}),
        ("too_fast_second", {"policyName": "SECONDLY"}),
        ("daily_limit", {"policyName": "DAILY", "message": "You have reached your daily limit."}),
        ("context_map", {"context": {"ids": ["1", "2"]}}),
        ("context_list", {"context": ["ids", 1, None]}),
        ("context_text", {"context": "{ids=[1, 2]}"}),
        ("scopes_missing_text", {"context": "{missingScopes=[crm.objects.companies.write]}"}),
        ("subcategory_text", {"subCategory": "crm.RULE"}),
        ("empty_object", {}),
    ],
)
async def test_the_body_of_a_fault_has_these_fields(
    http: aiohttp.ClientSession, fault: str, part: dict[str, Any]
) -> None:
    body = await body_of(http, fault)
    assert {key: body[key] for key in part} == part


async def test_errors_may_lack_their_number(http: aiohttp.ClientSession) -> None:
    both, errors_alone = await body_of(http, "num_errors"), await body_of(http, "errors_alone")
    assert (both["numErrors"], len(both["errors"]), len(errors_alone["errors"])) == (1, 1, 1)
    assert "numErrors" not in errors_alone


async def test_errors_nest_and_subcategories_may_be_objects(http: aiohttp.ClientSession) -> None:
    nested = await body_of(http, "nested_errors")
    assert nested["errors"][0]["errors"][0]["errors"][0]["message"] == "Team 2 is not visible to this app."
    odd = await body_of(http, "subcategory_object")
    assert odd["errors"][0]["subCategory"] == {"name": "crm.associations.RULE"}


async def test_missing_scopes_are_named(http: aiohttp.ClientSession) -> None:
    body = await body_of(http, "scopes_missing")
    assert body["category"] == "MISSING_SCOPES"
    assert body["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.companies.write"]


async def test_foreign_results_never_name_the_pair(http: aiohttp.ClientSession) -> None:
    for fault in ("foreign_results", "half_foreign_results"):
        results = (await body_of(http, fault))["results"]
        assert results
        assert not {("1", "2"), ("2", "1")} & {(result["from"]["id"], result["to"]["id"]) for result in results}


async def test_messages_may_be_a_megabyte_long_or_have_control_characters(http: aiohttp.ClientSession) -> None:
    assert len((await body_of(http, "big_message"))["message"]) == 1_000_000
    message = (await body_of(http, "nasty_message"))["message"]
    assert message.startswith("=")
    assert {"\n", '"', "\r", "\t"} <= set(message)


async def test_ids_may_be_numbers(http: aiohttp.ClientSession) -> None:
    assert (await body_of(http, "numeric_ids"))["results"][0]["from"] == {"id": 1}


@pytest.mark.parametrize(
    ("fault", "header", "value"),
    [
        ("gzip", "Content-Encoding", "gzip"),
        ("wrong_content_type", "Content-Type", "text/plain"),
        ("no_content_type", "Content-Type", None),
        ("html_200", "Content-Type", "text/html; charset=UTF-8"),
        ("html_524", "Content-Type", "text/html; charset=UTF-8"),
        ("migrating", "Retry-After", "3600"),
        ("retry_after", "Retry-After", "1"),
        ("too_fast_retry_after", "Retry-After", "1"),
        ("too_fast", "Retry-After", None),
        ("redirect", "Location", "/sandbox/redirected"),
    ],
)
async def test_the_headers_of_a_fault(http: aiohttp.ClientSession, fault: str, header: str, value: str | None) -> None:
    async with (
        with_faults(f"{fault}=always") as sandbox,
        http.put(sandbox.url + PUT, allow_redirects=False) as response,
    ):
        assert response.headers.get(header) == value


async def test_a_compressed_response_has_the_normal_body(http: aiohttp.ClientSession) -> None:
    assert (await body_of(http, "gzip"))["results"][0]["to"] == {"id": "2"}


async def test_retry_after_may_be_a_date_ahead(http: aiohttp.ClientSession) -> None:
    async with with_faults("retry_after_date=always") as sandbox, http.put(sandbox.url + PUT) as response:
        ahead = parsedate_to_datetime(response.headers["Retry-After"]) - datetime.now(UTC)
    assert 0 <= ahead.total_seconds() <= 2


@pytest.mark.parametrize("fault", ["truncated_json", "empty_body", "html_200"])
async def test_a_broken_body_does_not_parse(http: aiohttp.ClientSession, fault: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        await body_of(http, fault)


async def test_a_client_that_follows_a_redirect_is_counted(http: aiohttp.ClientSession) -> None:
    async with with_faults("redirect=always") as sandbox:
        assert await see(http, sandbox.url + PUT) == 302
        assert sandbox.state.redirects_followed == 0
        async with http.put(sandbox.url + PUT) as response:
            assert response.status == 200
        assert sandbox.state.redirects_followed == 1


async def test_results_may_name_primary_instead_of_the_unlabelled_type(http: aiohttp.ClientSession) -> None:
    results = (await body_of(http, "primary_results"))["results"]
    assert [result["associationSpec"]["associationTypeId"] for result in results] == [1, 2]


async def test_reads_may_be_refused_while_links_can_be_created() -> None:
    async with local_hubspot("read_405=always") as hubspot:
        assert (await hubspot.put(PUT))[0] == 200
        assert (await hubspot.post(READ, {"inputs": [{"id": "1"}]}))[0] == 405
        assert (await hubspot.get("/crm/v4/objects/contacts/1/associations/companies"))[0] == 405
