"""The table of all faults.

A fault is requested as `NAME=SPEC` (see `conditions.FAULT_SPEC_HELP`), such as `http_503=0.05` or
`pending=contacts:12>companies:7*3`.
"""

from importer.sandbox.faults import pair_faults, refusal_faults, success_faults
from importer.sandbox.faults.kinds import CallFault, PairFault

FAULTS: dict[str, CallFault | PairFault] = {
    **success_faults.CONNECTION_FAULTS,
    **success_faults.UNUSUAL_SUCCESSES,
    **success_faults.UNCERTAIN_SUCCESSES,
    **success_faults.READ_FAULTS,
    **refusal_faults.ACCESS_FAULTS,
    **refusal_faults.LIMIT_FAULTS,
    **refusal_faults.UNAVAILABLE_FAULTS,
    **pair_faults.WITHIN_SUCCESS,
    **pair_faults.REFUSALS,
}
"""Every fault by its name. If several requested faults could occur at a call, the first requested one does."""


def table() -> str:
    """Return the faults as text for help: name, whether it links, description."""
    width = max(map(len, FAULTS))
    return "\n".join(
        f"{name:<{width}}  {'links' if fault.links else '     '}  {fault.description}" for name, fault in FAULTS.items()
    )
