"""A local HubSpot for demonstration, rehearsal and tests, written from the API description.

It shares no code with `importer.hubspot`, so that the two can disagree.
"""

from importer.sandbox.answers import Answer
from importer.sandbox.conditions import GRAMMAR
from importer.sandbox.faults import FAULTS, CallFault, PairFault, table
from importer.sandbox.options import DEFAULT_TOKEN, SandboxOptions
from importer.sandbox.server import Sandbox, serve
from importer.sandbox.state import Pair, State
from importer.sandbox.strikes import Fault, parse_fault

__all__ = [
    "DEFAULT_TOKEN",
    "FAULTS",
    "GRAMMAR",
    "Answer",
    "CallFault",
    "Fault",
    "Pair",
    "PairFault",
    "Sandbox",
    "SandboxOptions",
    "State",
    "parse_fault",
    "serve",
    "table",
]
