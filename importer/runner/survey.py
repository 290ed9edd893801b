"""Reads what a run would find in the account, for `check --online`."""

from dataclasses import dataclass
from pathlib import Path

from importer.hubspot.client import HubSpotClient
from importer.journal import open_for_run
from importer.model import Stop
from importer.pool import Findings, Pool, Survey
from importer.runner.account_work import work_in_account
from importer.runner.send import last_primaries_of
from importer.runner.target import Target


@dataclass(frozen=True, slots=True)
class OnlineReport:
    """What a run would find in the account `portal_id` (None: unknown); `stop` is why reading stopped early, if so."""

    portal_id: int | None
    findings: Findings
    stop: Stop | None = None


def read_online(path: Path, target: Target) -> OnlineReport:
    """Read what a run over the journal at `path` would find.

    The requests are counted in the context of `target`. Raises AccountError if the settings require another account.
    """
    context, account = target.context, target.account
    findings, stop = Findings(), None

    async def survey(pool: Pool, client: HubSpotClient) -> Stop | None:
        mode, may_delete = context.settings.label_mode, context.settings.allow_deleting_leads
        engine = Survey(client, mode, last_primaries_of(pool, client, mode), may_delete_leads=may_delete)
        stop = await pool.run(engine, pool.pending)
        nonlocal findings
        findings = engine.findings
        return stop

    with open_for_run(path) as journal:
        if journal.pending_by_types():
            sent = work_in_account(journal, context, account, survey)
            stop = sent.stop
            context.requests.reads += sent.reads
            context.requests.retries += sent.retries
            context.requests.rate_limited += sent.rate_limited
    return OnlineReport(account.portal_id if account is not None else None, findings, stop)
