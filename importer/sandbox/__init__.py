"""A local HubSpot for demonstration, rehearsal and tests, written from the API description.

It shares no code with `importer.hubspot`, so that the two can disagree. From a request to its response:
`server` (sockets) → `service` (token, limits, faults) → `routes` (paths) → `operations` (one function per kind of
call: `linking`, `removing`, `reading`, `lookup`, `searching`) → `account` (rules) → `state` (`records`, `links`,
`association_types`). `control` serves the sandbox's own pages, `faults` has what can go wrong on request.
"""

from importer.sandbox.faults.conditions import FAULT_SPEC_HELP
from importer.sandbox.faults.injector import Fault, parse_fault
from importer.sandbox.faults.kinds import CallFault, PairFault
from importer.sandbox.faults.table import FAULTS, table
from importer.sandbox.options import DEFAULT_TOKEN, SandboxOptions
from importer.sandbox.pairs import Pair
from importer.sandbox.responses import Response
from importer.sandbox.server import Sandbox, serve
from importer.sandbox.state import State

__all__ = [
    "DEFAULT_TOKEN",
    "FAULTS",
    "FAULT_SPEC_HELP",
    "CallFault",
    "Fault",
    "Pair",
    "PairFault",
    "Response",
    "Sandbox",
    "SandboxOptions",
    "State",
    "parse_fault",
    "serve",
    "table",
]
