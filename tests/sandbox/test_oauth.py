"""The OAuth token endpoint."""

from urllib.parse import urlencode

import pytest

from tests.support.local_hubspot import LocalHubSpot, ManualClock, Reply, default_path, local_hubspot

FORM = {
    "grant_type": "refresh_token",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}


async def refresh(hubspot: LocalHubSpot, **changes: str) -> Reply:
    body = urlencode({**FORM, **changes}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}
    return await hubspot.exchange("POST", "/oauth/v1/token", body, headers=headers)


async def put_with(hubspot: LocalHubSpot, token: str) -> Reply:
    return await hubspot.exchange("PUT", default_path(1, 2), headers={"Authorization": f"Bearer {token}"})


async def test_a_refresh_token_gives_access_until_it_expires() -> None:
    clock = ManualClock()
    async with local_hubspot(clock=clock) as hubspot:
        reply = await refresh(hubspot)
        assert (reply.status, reply.body["expires_in"], reply.body["token_type"]) == (200, 1800, "bearer")
        assert reply.body["refresh_token"] == "sandbox-refresh"
        clock.now = 1799.0
        assert (await put_with(hubspot, reply.body["access_token"])).status == 200
        clock.now = 1800.0
        expired = await put_with(hubspot, reply.body["access_token"])
        assert (expired.status, expired.body["category"]) == (401, "EXPIRED_AUTHENTICATION")
        renewed = await refresh(hubspot)
        assert renewed.body["access_token"] != reply.body["access_token"]
        assert (await put_with(hubspot, renewed.body["access_token"])).status == 200


async def test_a_rotated_refresh_token_replaces_the_one_before() -> None:
    async with local_hubspot(rotate_refresh_tokens=True, access_token_seconds=5) as hubspot:
        first = await refresh(hubspot)
        assert first.body["refresh_token"] != "sandbox-refresh"
        assert (await refresh(hubspot)).status == 400
        second = await refresh(hubspot, refresh_token=first.body["refresh_token"])
        assert (second.status, second.body["expires_in"]) == (200, 5)


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ("grant_type", "BAD_GRANT_TYPE"),
        ("client_id", "BAD_CLIENT_ID"),
        ("client_secret", "BAD_CLIENT_SECRET"),
        ("refresh_token", "BAD_REFRESH_TOKEN"),
    ],
)
async def test_a_wrong_field_is_refused(hubspot: LocalHubSpot, field: str, status: str) -> None:
    reply = await refresh(hubspot, **{field: "wrong"})
    assert (reply.status, reply.body["status"]) == (400, status)


async def test_token_calls_are_counted_separately_and_affected_by_faults_that_name_them() -> None:
    async with local_hubspot("http_503=always", limit=1) as hubspot:
        assert (await refresh(hubspot)).status == 200
        hubspot.sandbox.use_faults("http_503=oauth*1")
        assert [(await refresh(hubspot)).status for _ in range(2)] == [503, 200]
        assert (hubspot.state.calls["oauth"], hubspot.state.numbered_calls, hubspot.state.daily_used) == (3, 0, 0)


async def test_tokens_can_be_changed_and_expired_from_outside(hubspot: LocalHubSpot) -> None:
    access = (await refresh(hubspot)).body["access_token"]
    await hubspot.post("/sandbox/tokens", {"token": "new", "refresh_token": "other", "expire": True})
    assert (await hubspot.put(default_path(1, 2)))[0] == 401
    assert (await put_with(hubspot, access)).body["category"] == "EXPIRED_AUTHENTICATION"
    assert (await put_with(hubspot, "new")).status == 200
    assert (await refresh(hubspot)).status == 400
    assert (await refresh(hubspot, refresh_token="other")).status == 200
