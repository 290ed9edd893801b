"""Operations: which call reaches the goal state of a pair, which response confirms it, and what proves it if read."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from importer.hubspot.batch_read import Link
from importer.hubspot.classify import Decision, classify_response
from importer.hubspot.classify_batch import BatchDecision, classify_batch_response
from importer.hubspot.client import HubSpotClient
from importer.hubspot.response import Reply
from importer.model import Pair


class Operation(Protocol):
    """What a run does to every pair. Rate limiting, retries, the journal and reports are the same for all of them."""

    def call(self, client: HubSpotClient, pair: Pair) -> Awaitable[Reply]:
        """Make the call for one pair."""

    def classify(self, response: Reply, pair: Pair) -> Decision:
        """Return the meaning of the response to `call`."""

    def call_batch(self, client: HubSpotClient, pairs: Sequence[Pair]) -> Awaitable[Reply]:
        """Make the call for several pairs of the same object types."""

    def classify_batch(self, response: Reply, pairs: Sequence[Pair]) -> BatchDecision:
        """Return the meaning of the response to `call_batch`."""

    def is_goal_state(self, link: Link | None) -> bool:
        """Return whether a pair that is listed as `link` (None: not listed) is in the goal state."""


class LinkOperation:
    """Links each pair with the default association; the goal state is that the unlabelled type is present."""

    def call(self, client: HubSpotClient, pair: Pair) -> Awaitable[Reply]:
        """PUT the default association of one pair."""
        return client.link(pair)

    def classify(self, response: Reply, pair: Pair) -> Decision:
        """Apply the strict success rule."""
        return classify_response(response, pair)

    def call_batch(self, client: HubSpotClient, pairs: Sequence[Pair]) -> Awaitable[Reply]:
        """POST the default associations of several pairs."""
        return client.link_many(pairs)

    def classify_batch(self, response: Reply, pairs: Sequence[Pair]) -> BatchDecision:
        """Apply the strict success rule to each pair."""
        return classify_batch_response(response, pairs)

    def is_goal_state(self, link: Link | None) -> bool:
        """Return whether the unlabelled type is listed."""
        return link is not None and link.is_unlabelled


LINK = LinkOperation()
"""The default operation."""
