"""Kills a command of this process at one of its requests, as `kill -9` does."""

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from importer import Summary
from importer.hubspot.client import HubSpotClient
from importer.hubspot.response import NoResponse, Response


class Killed(BaseException):
    """The process was killed at a request."""


def killed_at(at: int, command: Callable[[], Summary], state: Path, *, is_sent: bool) -> bool:
    """Kill a command at its request number `at` (from 1); return False if it ended before.

    `is_sent` says whether HubSpot gets that request. The directory `state` is then as it was at that request.
    """
    kept = state.with_name("kept")
    exchange, count, is_killed = HubSpotClient._exchange, 0, False

    async def killing(client: HubSpotClient, method: str, path: str, *rest: object) -> Response | NoResponse:
        nonlocal count, is_killed
        count += 1
        if is_killed:
            raise Killed
        if count == at:
            is_killed = True
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(state, kept)
            if is_sent:
                await exchange(client, method, path, *rest)  # type: ignore[arg-type]
            raise Killed
        return await exchange(client, method, path, *rest)  # type: ignore[arg-type]

    with mock.patch.object(HubSpotClient, "_exchange", killing):
        try:
            command()
        except Killed:
            shutil.rmtree(state)
            kept.rename(state)
            return True
    return False
