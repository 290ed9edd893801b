"""Which records the errors of an answer speak of."""

import json
import re

from importer.hubspot.answers import Answer


def numbers_in_errors(answer: Answer) -> set[str]:
    """All numbers in what an answer says about errors: the ids of the records that it means are among them."""
    errors = answer.content.get("errors")
    return set(re.findall(r"\d+", json.dumps(errors))) if errors else set()
