"""Options of a sandbox."""

from dataclasses import dataclass

from importer.sandbox.faults.injector import Fault

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but a sandbox
"""The token that a sandbox accepts by default."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """The behaviour of a sandbox. Raises ValueError with one sentence if a value is invalid.

    `token`: the only one accepted. `limit` calls in any `window` seconds; batch calls are exempt from it.
    `daily_limit`: calls until 429 DAILY, None for an account without a daily limit. `latency`: seconds of network
    delay per call, half before and half after it; `jitter`: up to this many seconds more before it, so that calls
    arrive unevenly. `faults`: the first one that strikes wins. `seed`: of every random choice. `link_cap`: maximum
    number of records of one type that a record may be linked to. `page_size`: how many of them one page of a batch
    read lists. `batch_inputs` and `read_inputs`: maximum inputs of a batch associate and a batch read. Source of the
    defaults: HubSpot, v4 guide and changelog. `portal_id`: id of the account.
    """

    token: str = DEFAULT_TOKEN
    limit: int = 100
    window: float = 10.0
    daily_limit: int | None = 250_000
    latency: float = 0.0
    jitter: float = 0.0
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    link_cap: int | None = None
    page_size: int = 500
    batch_inputs: int = 2_000
    read_inputs: int = 1_000
    portal_id: int = 10_000_001

    def __post_init__(self) -> None:
        if not self.token:
            raise ValueError("The sandbox's token is empty.")
        if self.limit < 1 or self.window <= 0:
            raise ValueError(f"{self.limit} calls in {self.window} s is not a rate: both must be above 0.")
        if self.latency < 0 or self.jitter < 0:
            raise ValueError("Latency and jitter must be 0 seconds or more.")
        if self.daily_limit is not None and self.daily_limit < 0:
            raise ValueError("The daily limit must be 0 calls or more.")
        if self.page_size < 1 or (self.link_cap is not None and self.link_cap < 0):
            raise ValueError("The page size must be above 0 and the link cap 0 or more.")
        if self.batch_inputs < 1 or self.read_inputs < 1:
            raise ValueError("The input limits of batches must be at least 1.")
