"""What a sandbox can be translate_errors."""

from dataclasses import dataclass

from importer.sandbox.faults.injector import Fault

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but a sandbox
"""The token a sandbox accepts unless translate_errors otherwise."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox behaves. Raises ValueError with one sentence when a value makes no sense.

    `token`: the only one accepted. `limit` calls in any `window` seconds; batch calls are exempt from it.
    `daily_limit`: calls until 429 DAILY, None for an account without one. `latency`: seconds a call takes on the way,
    half there and half back; `jitter`: up to this many seconds more on the way there, so that calls arrive unevenly.
    `faults` strike in the order given, the first one wins. `seed` decides every draw. `link_cap`: how many records of
    one type a record may be linked to. `page_size`: how many of them a batch read names at once. `batch_inputs` and
    `read_inputs`: how many inputs a batch associate and a batch read take, by default as HubSpot's v4 guide and its
    changelog say. `portal_id`: the number of the account, which its details say.
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
            raise ValueError(f"{self.limit} calls in {self.window} s is no rate: both must be above 0.")
        if self.latency < 0 or self.jitter < 0:
            raise ValueError("Latency and jitter are seconds, 0 or more.")
        if self.daily_limit is not None and self.daily_limit < 0:
            raise ValueError("The daily limit is a number of calls, 0 or more.")
        if self.page_size < 1 or (self.link_cap is not None and self.link_cap < 0):
            raise ValueError("The page size must be above 0 and the cap of links 0 or more.")
        if self.batch_inputs < 1 or self.read_inputs < 1:
            raise ValueError("A batch has at least one input.")
