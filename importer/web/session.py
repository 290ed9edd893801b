"""The target of the page's runs: the sandbox, or an account and its token. Kept in memory only."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from pydantic import SecretStr

from importer.config import TOKEN_VARIABLE, Settings, Supplied, load_token
from importer.redaction import hide
from importer.runner.local_sandbox import LocalSandbox
from importer.web.protocol import Job, JobKind, error_values
from importer.web.uploads import MAX_UPLOAD
from importer.web.workers import JobError, Workers

_SANDBOX, _ACCOUNT, _NONE = "sandbox", "account", "none"
_SHOWN = 4
_MIN_LENGTH = 12
"""A token must be at least this long for its last characters to be shown."""

_NOTICES = {
    _SANDBOX: "Sandbox: a simulated HubSpot on this machine. Nothing leaves it.",
    _NONE: "There is no HubSpot token. Nothing can be sent until you enter one or use the sandbox.",
}


@dataclass(frozen=True, slots=True)
class Launch:
    """How the server was started: the settings given on the command line."""

    settings: Settings
    flags: Mapping[str, Any] = field(default_factory=dict)
    config: str | None = None
    profile: str | None = None


class Session:
    """The target of new runs, shared by all signed-in browsers."""

    def __init__(self, launch: Launch, workers: Workers) -> None:
        """Use the token of the settings, if there is one."""
        self._launch = launch
        self._workers = workers
        workers.on_error = self._on_error
        self._token = ""
        self._account: asyncio.Task[Any] | None = None
        self._sandbox_url = ""
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()
        self.is_sandbox_only = launch.settings.sandbox
        self.mode = _SANDBOX if launch.settings.sandbox else _ACCOUNT if self.token_source else _NONE

    @property
    def is_sandbox(self) -> bool:
        """True if new runs send to the sandbox."""
        return self.mode == _SANDBOX

    @property
    def token_source(self) -> str | None:
        """Where the token comes from, None if there is none."""
        settings = self._launch.settings
        if self._token:
            return "typed"
        if os.environ.get(TOKEN_VARIABLE, "").strip():
            return "environment"
        if settings.token_file is not None:
            return "file"
        return "oauth" if settings.oauth.is_complete else None

    @property
    def known_id(self) -> int | None:
        """The id of the account that new runs send to, None if it is not known."""
        if self.mode != _ACCOUNT or self._account is None or not self._account.done():
            return None
        return int(self._account.result()["id"]) if _is_known(self._account) else None

    @property
    def target_name(self) -> str:
        """The target of new runs, for display."""
        if self.mode != _ACCOUNT:
            return "the sandbox" if self.is_sandbox else "no account"
        return f"HubSpot account {self.known_id}" if self.known_id is not None else "a HubSpot account"

    def use_sandbox(self) -> None:
        """Make new runs send to the sandbox."""
        self.mode = _SANDBOX

    def use_account(self) -> None:
        """Make new runs send to the account of the configured token."""
        self._token = ""
        self._account = None
        self.mode = _ACCOUNT if self.token_source else _NONE

    def use_token(self, text: str) -> None:
        """Make new runs send to the account of a typed token. Raises SettingsError if it cannot be a token."""
        token = text.strip()
        hide(token)
        settings = self._launch.settings.model_copy()
        settings.supply(Supplied(SecretStr(token)))
        load_token(settings)
        self._token = token
        self._account = None
        self.mode = _ACCOUNT

    async def values(self) -> dict[str, Any]:
        """Return the session as JSON values, requesting the account from HubSpot if it is not known."""
        if self._account is not None and self._account.done() and not _is_known(self._account):
            self._account = None
        account, error = await self.account()
        notice = _NOTICES.get(self.mode) or _account_notice(account)
        is_long = len(self._token) >= _MIN_LENGTH
        return {
            "version": version("importer"),
            "mode": self.mode,
            "token": {"source": self.token_source, "last4": self._token[-_SHOWN:] if is_long else None},
            "account": account,
            "account_error": error,
            "notice": notice,
            "is_sandbox_only": self.is_sandbox_only,
            "upload_limit": MAX_UPLOAD,
        }

    async def account(self) -> tuple[dict[str, Any] | None, dict[str, str] | None]:
        """Return the account and None, or None and the error; in the sandbox both are None."""
        if self.mode != _ACCOUNT:
            return None, None
        if self._account is None:
            self._account = asyncio.create_task(self._request_account())
        try:
            return await asyncio.shield(self._account), None
        except JobError as error:
            return None, error_values(error.code, str(error))

    def _on_error(self, code: str) -> None:
        """Forget the account, to be requested when needed, if a job found that the token belongs to another one."""
        if code == "ACCOUNT_CHANGED":
            self._account = None

    async def _request_account(self) -> Any:
        return await self._workers.run(await self.job(JobKind.ACCOUNT))

    async def job(
        self,
        kind: JobKind,
        values: Mapping[str, Any] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Job:
        """Return a job with the settings of this session, with which runs of another target refuse to send."""
        return Job(
            kind,
            flags={**self._launch.flags, "sandbox": self.is_sandbox, **(flags or {})},
            config=self._launch.config,
            profile=self._launch.profile,
            token=self._token,
            sandbox_url=await self._serve_sandbox() if self.is_sandbox else "",
            shown_portal_id=self.known_id if kind is not JobKind.ACCOUNT else None,
            values=values or {},
        )

    async def _serve_sandbox(self) -> str:
        """Return the URL of the sandbox, which the first call starts."""
        async with self._opening:
            if not self._sandbox_url:
                served = LocalSandbox().serve(None, lambda text: None)
                self._sandbox_url = (await self._stack.enter_async_context(served)).url
        return self._sandbox_url

    async def close(self) -> None:
        """Stop the sandbox, and forget the token."""
        self._token = ""
        await self._stack.aclose()


def _is_known(request: "asyncio.Task[Any]") -> bool:
    return not request.cancelled() and request.exception() is None and request.result()["id"] is not None


def _account_notice(account: Mapping[str, Any] | None) -> str:
    if account is None or account["id"] is None:
        return "The HubSpot account of the token is not known yet."
    details = ", ".join(filter(None, (account["type"], account["domain"])))
    return f"HubSpot account {account['id']}" + (f" ({details})" if details else "")
