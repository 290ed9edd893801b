"""Options of a sandbox."""

from collections.abc import Iterator
from dataclasses import dataclass

from importer.sandbox.faults.injector import Fault
from importer.sandbox.records import LAST_RECORD

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but a sandbox
"""The token that a sandbox accepts by default."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """The behaviour of a sandbox. Raises ValueError with one sentence if a value is invalid.

    `token`: the only permanent one. `limit` calls in any `window` seconds; batch calls, labels and search are exempt
    from it. `association_limit`: a lower limit in the same window for single association calls, if any.
    `search_limit`: searches in any second. `daily_limit`: calls until 429 DAILY, None for an account without a daily
    limit. `latency`: seconds of network delay per call, half before and half after it; `jitter`: up to this many
    seconds more before it, so that calls arrive unevenly. `faults`: the first one that triggers wins. `seed`: of all
    random choices.

    `link_cap`: maximum number of records of one type that a record may be linked to. `page_size`: how many of them
    one page of a read lists. `batch_inputs` and `read_inputs`: maximum inputs of a batch that writes and of a batch
    read of links. Source of the defaults: HubSpot, v4 guide and changelog. `read_lag`: seconds until reads of links
    show a change. `records`: id of the last record that every type has from the start; lists name the first 1,000 of
    them, and those with links or values. `sample_records`: whether the records and labels of sample_data exist;
    `sample_links`: whether the links that its file of wrong links removes exist.

    `portal_id`, `account_type`, `time_zone`: details of the account. `client_id`, `client_secret`, `refresh_token`:
    what the OAuth token endpoint accepts; `access_token_seconds`: lifetime of the access tokens that it issues;
    `rotate_refresh_tokens`: whether every refresh replaces the refresh token.
    """

    token: str = DEFAULT_TOKEN
    limit: int = 100
    window: float = 10.0
    association_limit: int | None = None
    search_limit: int = 5
    daily_limit: int | None = 250_000
    latency: float = 0.0
    jitter: float = 0.0
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    link_cap: int | None = None
    page_size: int = 500
    batch_inputs: int = 2_000
    read_inputs: int = 1_000
    read_lag: float = 0.0
    records: int = LAST_RECORD
    sample_records: bool = True
    sample_links: bool = False
    portal_id: int = 10_000_001
    account_type: str = "DEVELOPER_TEST"
    time_zone: str = "US/Eastern"
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - opens nothing but a sandbox
    refresh_token: str = "sandbox-refresh"  # noqa: S105
    access_token_seconds: float = 1_800
    rotate_refresh_tokens: bool = False

    def __post_init__(self) -> None:
        for is_valid, message in self._rules():
            if not is_valid:
                raise ValueError(message)

    def _rules(self) -> Iterator[tuple[bool, str]]:
        at_least_one = (self.search_limit, self.association_limit or 1, self.page_size)
        yield self.token != "", "The sandbox's token is empty."
        rate = f"{self.limit} calls in {self.window} s"
        yield self.limit >= 1 and self.window > 0, f"{rate} is not a rate: both must be above 0."
        yield self.association_limit != 0 and min(at_least_one) >= 1, "Limits and the page size must be at least 1."
        delays = (self.latency, self.jitter, self.read_lag)
        yield min(delays) >= 0, "Latency, jitter and the lag of reads must be 0 seconds or more."
        yield (self.daily_limit or 0) >= 0, "The daily limit must be 0 calls or more."
        yield (self.link_cap or 0) >= 0, "The link cap must be 0 or more."
        yield min(self.batch_inputs, self.read_inputs) >= 1, "The input limits of batches must be at least 1."
        yield self.records >= 0, "The number of records must be 0 or more."
        yield self.sample_records or not self.sample_links, "The sample links need the sample records."
        yield self.access_token_seconds > 0, "The lifetime of access tokens must be above 0 seconds."
