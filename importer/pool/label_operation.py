"""The operation that links pairs with labels. A call replaces a pair's labels, so it names all labels to keep."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from importer.hubspot.association_types import TypeSet
from importer.hubspot.batch_read import Link
from importer.hubspot.classify import Decision
from importer.hubspot.classify_batch import BatchDecision, classify_batch_response
from importer.hubspot.classify_labelled import classify_labelled_response
from importer.hubspot.client import HubSpotClient
from importer.hubspot.response import Reply
from importer.model import Pair


@dataclass(slots=True)
class LabelOperation:
    """Links each pair with exactly the types in `types`, which the engine sets before it sends.

    A response proves nothing about labels: `linked` means that it names the pair.
    """

    types: dict[Pair, TypeSet] = field(default_factory=dict)

    def call(self, client: HubSpotClient, pair: Pair) -> Awaitable[Reply]:
        """PUT the types of one pair."""
        return client.link_labelled(pair, sorted(self.types[pair]))

    def classify(self, response: Reply, pair: Pair) -> Decision:
        """Return `linked` if the response names the pair."""
        return classify_labelled_response(response, pair)

    def call_batch(self, client: HubSpotClient, pairs: Sequence[Pair]) -> Awaitable[Reply]:
        """POST the types of several pairs."""
        return client.link_many_labelled([(pair, sorted(self.types[pair])) for pair in pairs])

    def classify_batch(self, response: Reply, pairs: Sequence[Pair]) -> BatchDecision:
        """Return which pairs the response names."""
        return classify_batch_response(response, pairs)

    def is_goal_state(self, link: Link | None) -> bool:
        """Return False: the goal differs from pair to pair."""
        return False
