"""Work on a run in its own HubSpot account: the account is checked before anything is sent."""

from dataclasses import replace

from importer.hubspot.client import HubSpotClient
from importer.journal import Journal
from importer.model import Stop
from importer.pool import Pool
from importer.runner.account_check import TokenAccount
from importer.runner.context import RunContext
from importer.runner.send import Sent, Work, work_on


def work_in_account(journal: Journal, context: RunContext, account: TokenAccount | None, work: Work) -> Sent:
    """Do `work` like `work_on`, but check the account first; the in-process sandbox has none."""
    return add_account(account, work_on(journal, context, check_first(journal, account, work)))


def check_first(journal: Journal, account: TokenAccount | None, work: Work) -> Work:
    """Return `work`, preceded by the check of the account."""

    async def work_after_check(pool: Pool, client: HubSpotClient) -> Stop | None:
        stop = await account.check(journal, pool, client) if account is not None else None
        return stop or await work(pool, client)

    return work_after_check


def add_account(account: TokenAccount | None, sent: Sent) -> Sent:
    """Add the account's time zone to a stop that waits for the daily limit to be reset."""
    return sent if account is None else replace(sent, stop=account.with_reset_time(sent.stop))
