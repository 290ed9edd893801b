"""Notifies other systems about a run: a webhook, Slack, and a monitor that raises the alarm when a run is missing.

A notification never changes the outcome of a run. It contains counts and paths, never the contents of rows.
"""

import asyncio
import functools
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiohttp
from pydantic import SecretStr

from importer.config import NotifyTargets, NotifyWhen, Settings, load_notify_targets
from importer.errors import ImporterError
from importer.exit_codes import ExitCode
from importer.hubspot.proxy import find_proxy
from importer.journal import open_for_run
from importer.model import GOOD_STATUSES, Operation
from importer.redaction import redact
from importer.reporter import RunStatus, Summary
from importer.runner.context import RunContext
from importer.runner.error_values import error_values
from importer.runner.events import Event, NotStarted, RunEnded, ignore
from importer.runner.os_errors import translate_os_errors
from importer.runner.send import run_on_own_loop
from importer.runner.state_directory import journal_path, open_journal
from importer.runner.subject import subject_of
from importer.timestamps import utc_now_text

SIGNATURE_HEADER = "X-Importer-Signature"
"""HMAC-SHA256 of the body with the webhook's secret, as `sha256=HEX`."""

_TRIES = 2
_SECONDS = 5.0
_SECONDS_AFTER_SIGNAL = 1.0
"""A process is killed soon after a signal, so there is time for only one short try."""

P = ParamSpec("P")
First = TypeVar("First")
Command = Callable[Concatenate[First, Settings, P], Summary]


@dataclass(frozen=True, slots=True)
class Message:
    """A request to one target, which `name` describes without its address."""

    name: str
    url: SecretStr
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of a notification, as the journal keeps it; `error` is "" if the target accepted it."""

    target: str
    at: str
    error: str


def notified(*, heartbeat: bool = True) -> Callable[[Command[First, P]], Command[First, P]]:
    """Return a decorator for functions that execute runs: notify the targets of their settings.

    The heartbeat monitor is notified once at the start and once at the end of the function, the others about every run
    that it executes. The function raises SettingsError before anything else if an address is unusable. Runs in a
    simulated HubSpot are rehearsals, about which nobody is notified. Errors of the operating system become
    FileSystemErrors here, so that what is sent has the code and the exit code of the command.
    """

    def decorate(command: Command[First, P]) -> Command[First, P]:
        @functools.wraps(command)
        def wrapper(first: First, settings: Settings, /, *args: P.args, **kwargs: P.kwargs) -> Summary:
            targets, unusable = (NotifyTargets(), None) if settings.sandbox else load_notify_targets(settings)
            if not heartbeat:
                targets = replace(targets, heartbeat=None)
            on_event: Any = kwargs.get("on_event", ignore)
            notifier = Notifier(targets, RunContext(settings, on_event=on_event), first)
            kwargs["on_event"] = notifier.on_event
            with notifier.reporting_errors():
                if unusable is not None:
                    raise unusable
                notifier.started()
                summary = command(first, settings, *args, **kwargs)
            notifier.finished(summary)
            return summary

        return wrapper

    return decorate


@dataclass(frozen=True, slots=True)
class Notifier:
    """Sends the notifications of one command, about the file or the run that it was `given`, to its targets."""

    targets: NotifyTargets
    context: RunContext
    given: object

    def on_event(self, event: Event) -> None:
        """Pass on an event; notify the targets if a run has ended."""
        self.context.on_event(event)
        if isinstance(event, RunEnded):
            self._ended(event.summary)
        elif isinstance(event, NotStarted):
            self._deliver(self._error(event.error, event.exit_code))

    @contextmanager
    def reporting_errors(self) -> Iterator[None]:
        """Notify all targets of an error that ends the command."""
        try:
            with translate_os_errors():
                yield
        except Exception as error:
            self.failed(error)
            raise

    def started(self) -> None:
        """Notify the heartbeat monitor that a run starts."""
        self._deliver(self._heartbeat("/start"))

    def failed(self, error: Exception) -> None:
        """Notify all targets that a command ended with an error."""
        self._deliver([*self._heartbeat("/fail"), *self._error(error)])

    def _error(self, error: Exception, exit_code: ExitCode | None = None) -> list[Message]:
        """Return the messages to people about an error; its text may quote cells and is not sent.

        `exit_code` is that of the command if it did not end with this error.
        """
        name, values = _name_of(self.given), error_values(error, subject_of(self.given, self.context.settings))
        if exit_code is not None:
            values["exit_code"] = int(exit_code)
        end = "did not run" if values["exit_code"] == ExitCode.WRONG_INPUT else "ended early"
        text = (
            f"{name}: the command {end}: {values['code']} (exit code {values['exit_code']}). The log has the details."
        )
        return self._people(text, json.dumps({**values, "source": name}))

    def finished(self, summary: Summary) -> None:
        """Notify the heartbeat monitor that a command has ended; after a signal it has already been notified."""
        if summary.status is not RunStatus.INTERRUPTED:
            is_complete = summary.exit_code in {ExitCode.OK, ExitCode.SOME_ROWS_BAD}
            self._record(summary, self._deliver(self._heartbeat("" if is_complete else "/fail")))

    def _ended(self, summary: Summary) -> None:
        """Notify people of the outcome of a run; after a signal the heartbeat monitor too, as little time is left."""
        is_interrupted = summary.status is RunStatus.INTERRUPTED
        messages = self._heartbeat("/fail") if is_interrupted else []
        if self.targets and (self.targets.when is NotifyWhen.ALWAYS or summary.exit_code is not ExitCode.OK):
            text = _sentence(summary, self._description(summary))
            messages += self._people(text, summary.as_json())
        self._record(summary, self._deliver(messages, after_signal=is_interrupted))

    def _record(self, summary: Summary, deliveries: list[Delivery]) -> None:
        """Record in the journal of a run who was notified; a verification keeps none."""
        if not deliveries or summary.operation is Operation.VERIFY:
            return
        run_id = summary.run_id
        try:
            with open_for_run(journal_path(self.context.settings, run_id)) as journal:
                journal.add_notifications([asdict(delivery) for delivery in deliveries])
        except (ImporterError, OSError) as error:
            self.context.warn(f"The notifications could not be recorded in the journal of run {run_id}: {error}")

    def _description(self, summary: Summary) -> str:
        """Return the name of a run's source, and what the run does if it is not an import."""
        if summary.operation is Operation.VERIFY:
            return f"{_name_of(self.given)}, verification"
        return _description(self.context.settings, summary.run_id)

    def _people(self, text: str, body: str) -> list[Message]:
        messages = []
        if self.targets.webhook:
            headers = {"Content-Type": "application/json"}
            if self.targets.webhook_secret:
                key = self.targets.webhook_secret.get_secret_value().encode()
                headers[SIGNATURE_HEADER] = f"sha256={hmac.new(key, body.encode(), 'sha256').hexdigest()}"
            messages.append(Message("webhook", self.targets.webhook, body.encode(), headers))
        if self.targets.slack:
            slack = json.dumps({"text": _slack_text(text)}).encode()
            messages.append(Message("Slack", self.targets.slack, slack, {"Content-Type": "application/json"}))
        return messages

    def _heartbeat(self, path: str) -> list[Message]:
        """Return the ping of the heartbeat monitor; such services expect `/start` and `/fail` after their URL."""
        if not self.targets.heartbeat:
            return []
        url, question, query = self.targets.heartbeat.get_secret_value().partition("?")
        return [Message("heartbeat", SecretStr(f"{url.rstrip('/')}{path}{question}{query}"))]

    def _deliver(self, messages: list[Message], *, after_signal: bool = False) -> list[Delivery]:
        """Send messages at the same time, log the results and return them. Raises no error."""
        if not messages:
            return []
        tries, seconds = (1, _SECONDS_AFTER_SIGNAL) if after_signal else (_TRIES, _SECONDS)
        try:
            errors = run_on_own_loop(_send_all(messages, tries, seconds))
        except (KeyboardInterrupt, SystemExit):  # the run has its outcome; the signal only ends the waiting
            errors = ["interrupted"] * len(messages)
        at = utc_now_text()
        found = [Delivery(message.name, at, error) for message, error in zip(messages, errors, strict=True)]
        for delivery in found:
            if delivery.error:
                self.context.warn(f"Notification to {delivery.target} failed: {delivery.error}. The run is unaffected.")
            else:
                self.context.notify(f"Notification sent to {delivery.target}.")
        return found


async def _send_all(messages: Sequence[Message], tries: int, seconds: float) -> list[str]:
    """Send messages at the same time, each at most `tries` times; return the error of each, "" if there was none."""
    return await asyncio.gather(*(_send(message, tries, seconds) for message in messages))


async def _send(message: Message, tries: int, seconds: float) -> str:
    error = ""
    for _ in range(tries):
        error, may_repeat = await _send_once(message, seconds)
        if not may_repeat:
            break
    return error


async def _send_once(message: Message, seconds: float) -> tuple[str, bool]:
    """Send a message once; return the error ("" if none) and whether another try makes sense."""
    url = message.url.get_secret_value()
    try:
        proxy = find_proxy(url)
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session,
            session.request(
                "POST" if message.body is not None else "GET",
                url,
                data=message.body,
                headers=message.headers,
                proxy=proxy,
                allow_redirects=False,
            ) as response,
        ):
            if response.status < 300:
                return "", False
            return f"HTTP {response.status}", response.status >= 500 or response.status == 429
    except TimeoutError:
        return f"no response within {seconds:g} s", True
    except (aiohttp.ClientError, ImporterError, OSError, ValueError) as error:
        return type(error).__name__, True


def _slack_text(text: str) -> str:
    """Return a text in which Slack finds no mention and no link. Source: Slack, Formatting text for app surfaces."""
    return escape(text, quote=False)


def _name_of(given: object) -> str:
    """Return the name of the file, or the id of the run, that a command was given; never its contents."""
    if not isinstance(given, str | Path):
        return "data frame"
    return "standard input" if given == "-" else redact(Path(given).name)


def _description(settings: Settings, run_id: str) -> str:
    """Return the name of a run's source, and what the run does if it is not an import."""
    try:
        with open_journal(settings, run_id) as journal:
            info = journal.info
    except ImporterError:
        return "unknown file"
    parts = [Path(info.source).name]
    if info.operation is Operation.UNDO:
        parts.append(f"undo of run {info.parent}")
    elif info.operation is Operation.UNLINK:
        parts.append("removal of links")
    return ", ".join(parts)


def _sentence(summary: Summary, description: str) -> str:
    """Return the outcome of a run in one sentence for people."""
    counts = summary.row_counts
    bad = ", ".join(
        f"{number:,} {status}" for status, number in counts.by_status.items() if number and status not in GOOD_STATUSES
    )
    attention = f"; {counts.bad:,} need{'s' * (counts.bad == 1)} attention ({bad})" if counts.bad else ""
    reason = f" by {summary.stopped_by}" if summary.stopped_by else ""
    name = "Verification" if summary.operation is Operation.VERIFY else f"Run {summary.run_id}"
    return (
        f"{description}: {counts.rows - counts.bad:,} of {counts.rows:,} rows are good{attention}. "
        f"{name} {summary.status}{reason}."
    )
