"""Every fault of the table, over a socket: what the client sees, and whether the link was made."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from importer.sandbox import DEFAULT_TOKEN, FAULTS, PairFault, Sandbox, SandboxOptions, parse_fault

PUT = "/crm/v4/objects/contacts/1/associations/default/companies/2"
BATCH = "/crm/v4/associations/contacts/companies/batch/associate/default"
READ = "/crm/v4/associations/contacts/companies/batch/read"
PAIR = ("contacts", 1, "companies", 2)

SEEN: dict[str, int | str] = {
    "reset": "reset",
    "lost_answer": "closed",
    "cut_answer": "cut",
    "hang": "nothing",
    "lost_hang": "nothing",
    "redirect": 302,
    "status_201": 201,
    "status_202": 202,
    "status_207": 207,
    "token_invalid": 401,
    "token_expired": 401,
    "scopes_missing": 403,
    "scopes_missing_text": 403,
    "too_fast": 429,
    "too_fast_retry_after": 429,
    "too_fast_second": 429,
    "daily_limit": 429,
    "migrating": 477,
    "locked": 423,
    "retry_after": 503,
    "retry_after_date": 503,
    "retry_after_nonsense": 503,
    "lost_504": 504,
    **{name: int(name[5:]) for name in FAULTS if name.startswith(("http_", "html_"))},
    **dict.fromkeys(("account_inactive", "user_lost_permissions", "record_403"), 403),
    "unknown_record": 404,
    "invalid_record_ids": 400,
    **dict.fromkeys(("association_limit", "association_limit_unnamed", "validation_rule"), 400),
    **dict.fromkeys(("context_map", "context_list", "context_text", "subcategory_text", "odd_fields"), 400),
    **dict.fromkeys(("big_message", "nasty_message"), 400),
}
"""What a client sees of a fault in place of a 200."""


class LostConnectionError(Exception):
    """The connection was lost before an answer; the text says how."""


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send once: aiohttp by itself sends a PUT again when it loses the connection, unless the error is not its own."""
    try:
        return await handler(request)
    except aiohttp.ServerDisconnectedError:
        raise LostConnectionError("closed") from None
    except aiohttp.ClientOSError:
        raise LostConnectionError("reset") from None


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=5)
    headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, middlewares=[send_once]) as session:
        yield session


def with_faults(*texts: str, **options: Any) -> Sandbox:
    return Sandbox(SandboxOptions(faults=tuple(parse_fault(text) for text in texts), **options))


async def see(http: aiohttp.ClientSession, url: str, wait: float = 5) -> int | str:
    """PUT, and return the status or, where there is none, what became of the connection."""
    try:
        async with http.put(url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=wait)) as answer:
            await answer.read()
            return answer.status
    except TimeoutError:
        return "nothing"
    except aiohttp.ClientPayloadError:
        return "cut"
    except LostConnectionError as lost:
        return str(lost)


async def body_of(http: aiohttp.ClientSession, fault: str) -> Any:
    async with with_faults(f"{fault}=always") as sandbox, http.put(sandbox.url + PUT) as answer:
        return json.loads(await answer.read())


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "slow"])
async def test_a_fault_is_seen_as_its_status_and_links_as_the_table_says(
    http: aiohttp.ClientSession, name: str
) -> None:
    expected = SEEN.get(name, 200)
    async with with_faults(f"{name}=always") as sandbox:
        assert await see(http, sandbox.url + PUT, wait=0.3 if expected == "nothing" else 5) == expected
        assert (PAIR in sandbox.state.associations) is FAULTS[name].links
        assert sandbox.state.faults == {name: 1}
        assert sandbox.state.calls.total() == 1


def test_every_expectation_is_of_a_fault_that_exists() -> None:
    assert set(SEEN) <= set(FAULTS)


@pytest.mark.slow
async def test_a_slow_answer_comes_after_the_link_is_made(http: aiohttp.ClientSession) -> None:
    async with with_faults("slow=always") as sandbox:
        assert await see(http, sandbox.url + PUT, wait=0.3) == "nothing"
        assert PAIR in sandbox.state.associations
        assert await see(http, sandbox.url + PUT) == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
async def test_no_fault_stops_a_batch_or_a_read_from_being_answered_when_it_is_over(
    http: aiohttp.ClientSession, name: str
) -> None:
    async with with_faults(f"{name}=calls:1-2") as sandbox:
        bodies = {BATCH: {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]}, READ: {"inputs": [{"id": "1"}]}}
        for where, body in bodies.items():
            try:
                timeout = aiohttp.ClientTimeout(total=0.2)
                async with http.post(sandbox.url + where, json=body, allow_redirects=False, timeout=timeout) as answer:
                    await answer.read()
            except (LostConnectionError, aiohttp.ClientError, TimeoutError):
                pass
        assert (PAIR in sandbox.state.associations) is FAULTS[name].links
        for where, body in bodies.items():
            async with http.post(sandbox.url + where, json=body) as answer:
                assert (answer.status, (await answer.json())["status"]) == (200, "COMPLETE")


# ---- the shapes


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
async def test_the_body_of_a_fault_has_this(http: aiohttp.ClientSession, fault: str, part: dict[str, Any]) -> None:
    body = await body_of(http, fault)
    assert {key: body[key] for key in part} == part


async def test_errors_come_with_and_without_their_number(http: aiohttp.ClientSession) -> None:
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


async def test_messages_may_be_a_megabyte_or_nasty(http: aiohttp.ClientSession) -> None:
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
        http.put(sandbox.url + PUT, allow_redirects=False) as answer,
    ):
        assert answer.headers.get(header) == value


async def test_a_compressed_answer_is_the_answer(http: aiohttp.ClientSession) -> None:
    assert (await body_of(http, "gzip"))["results"][0]["to"] == {"id": "2"}


async def test_retry_after_may_be_a_date_ahead(http: aiohttp.ClientSession) -> None:
    async with with_faults("retry_after_date=always") as sandbox, http.put(sandbox.url + PUT) as answer:
        ahead = parsedate_to_datetime(answer.headers["Retry-After"]) - datetime.now(UTC)
    assert 0 <= ahead.total_seconds() <= 2


@pytest.mark.parametrize("fault", ["truncated_json", "empty_body", "html_200"])
async def test_a_broken_body_does_not_parse(http: aiohttp.ClientSession, fault: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        await body_of(http, fault)


async def test_whoever_follows_a_redirect_is_counted(http: aiohttp.ClientSession) -> None:
    async with with_faults("redirect=always") as sandbox:
        assert await see(http, sandbox.url + PUT) == 302
        assert sandbox.state.redirects_followed == 0
        async with http.put(sandbox.url + PUT) as answer:
            assert answer.status == 200
        assert sandbox.state.redirects_followed == 1


# ---- faults among others


async def test_pending_ends_when_its_times_are_over(http: aiohttp.ClientSession) -> None:
    async with with_faults("pending=contacts:1>companies:2*2") as sandbox:
        statuses = []
        for _ in range(3):
            async with http.put(sandbox.url + PUT) as answer:
                statuses.append((await answer.json())["status"])
                linked = PAIR in sandbox.state.associations
        assert statuses == ["PENDING", "PENDING", "COMPLETE"]
        assert linked


async def test_an_honest_refusal_is_not_dressed_up_as_a_success(http: aiohttp.ClientSession) -> None:
    for fault in ("status_201", "unnamed_results", "empty_body", "silent_errors", "errors_as_200"):
        async with with_faults(f"{fault}=always") as sandbox:
            assert await see(http, sandbox.url + PUT.replace("/2", "/1000000")) == 404


async def batch(http: aiohttp.ClientSession, sandbox: Sandbox, *pairs: tuple[int, int]) -> tuple[int, Any, set[str]]:
    entries = [{"from": {"id": str(one)}, "to": {"id": str(other)}} for one, other in pairs]
    async with http.post(sandbox.url + BATCH, json={"inputs": entries}) as answer:
        body = await answer.json()
    return answer.status, body, {result["from"]["id"] for result in body.get("results", ())}


async def test_a_pair_fault_strikes_its_pair_of_a_batch_alone(http: aiohttp.ClientSession) -> None:
    faults = ("empty_results=contacts:1>companies:1", "association_limit=contacts:2>companies:2")
    async with with_faults(*faults) as sandbox:
        status, body, named = await batch(http, sandbox, (1, 1), (2, 2), (3, 3))
        assert (status, body["numErrors"], len(body["errors"])) == (207, 1, 1)
        assert "limit of 1" in body["errors"][0]["message"]
        assert {"3"} == named & {"1", "2", "3"}
        assert sandbox.state.associations == {("contacts", 3, "companies", 3)}


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if isinstance(fault, PairFault)])
async def test_no_batch_names_a_pair_that_it_did_not_link(http: aiohttp.ClientSession, name: str) -> None:
    async with with_faults(f"{name}=pairs:0.5") as sandbox:
        pairs = [(number, number) for number in range(1, 101)]
        _, body, _ = await batch(http, sandbox, *pairs)
        ends = {(int(result["from"]["id"]), int(result["to"]["id"])) for result in body["results"]}
        linked = {(pair.from_id, pair.to_id) for pair in sandbox.state.associations}
        assert ends & set(pairs) == linked
        assert 20 < len(linked) < 80


async def test_a_call_fault_of_one_pair_fails_every_batch_that_holds_it(http: aiohttp.ClientSession) -> None:
    async with with_faults("http_500=contacts:2>companies:2") as sandbox:
        assert (await batch(http, sandbox, (1, 1), (2, 2)))[0] == 500
        assert sandbox.state.associations == set()
        assert (await batch(http, sandbox, (1, 1), (3, 3)))[0] == 200


async def test_a_batch_may_name_only_its_first_error(http: aiohttp.ClientSession) -> None:
    async with with_faults("first_error_only=always") as sandbox:
        status, body, _ = await batch(http, sandbox, (1, 1_000_000), (2, 1_000_000), (3, 3))
        assert (status, body["numErrors"], len(body["errors"])) == (207, 1, 1)
        assert sandbox.state.associations == {("contacts", 3, "companies", 3)}


async def test_a_batch_may_hide_its_errors(http: aiohttp.ClientSession) -> None:
    async with with_faults("silent_errors=always") as sandbox:
        status, body, _ = await batch(http, sandbox, (1, 1_000_000), (3, 3))
        assert (status, "errors" in body, "numErrors" in body) == (200, False, False)
    async with with_faults("errors_as_200=always") as sandbox:
        status, body, _ = await batch(http, sandbox, (1, 1_000_000), (3, 3))
        assert (status, body["numErrors"]) == (200, 1)


async def test_scopes_are_missing_for_one_couple_of_types_only(http: aiohttp.ClientSession) -> None:
    async with with_faults("scopes_missing=contacts>companies") as sandbox:
        assert await see(http, sandbox.url + PUT) == 403
        assert await see(http, sandbox.url + PUT.replace("companies", "deals")) == 200


async def test_a_token_may_expire_from_a_moment_on(http: aiohttp.ClientSession) -> None:
    async with with_faults("token_expired=after:2") as sandbox:
        assert [await see(http, sandbox.url + PUT) for _ in range(4)] == [200, 200, 401, 401]


async def test_faults_can_be_changed_while_the_sandbox_lives(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.use_faults("http_503=always")
    assert await see(http, sandbox.url + PUT) == 503
    async with http.post(sandbox.url + "/sandbox/faults", json={"faults": []}) as answer:
        assert answer.status == 200
    assert await see(http, sandbox.url + PUT) == 200
    with pytest.raises(ValueError, match="not a fault"):
        sandbox.use_faults("rest=always")


async def test_the_work_goes_on_when_the_client_has_gone(http: aiohttp.ClientSession) -> None:
    async with Sandbox(SandboxOptions(latency=0.3)) as sandbox:
        assert await see(http, sandbox.url + PUT, wait=0.05) == "nothing"
        async with asyncio.timeout(5):
            while PAIR not in sandbox.state.associations:  # noqa: ASYNC110 - the state has no event to await
                await asyncio.sleep(0.01)


async def test_a_sandbox_closes_at_once_although_clients_are_kept_waiting(http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(3):
        async with with_faults("hang=always") as sandbox:
            waiting = asyncio.create_task(see(http, sandbox.url + PUT))
            while not sandbox.state.faults:  # noqa: ASYNC110 - the state has no event to await
                await asyncio.sleep(0.01)
        assert await waiting in {"closed", "reset"}
