"""Where an existing run sends: always to its own account, and only while the page is set to that account."""

from collections.abc import Mapping
from typing import Any

from importer.web.responses import RequestError
from importer.web.session import Session


def other_target(run: Mapping[str, Any], session: Session) -> str | None:
    """Return a sentence that names the target of a run if the page is set to another one, otherwise None.

    If an account is not known, the run itself compares the token.
    """
    own = run["account"] and run["account"]["id"]
    if run["sandbox"]:
        is_other, owner = not session.is_sandbox, "the sandbox"
    else:
        is_other = session.is_sandbox or (None not in {own, session.known_id} and own != session.known_id)
        owner = f"HubSpot account {own}" if own is not None else f"a HubSpot account at {run['target']}"
    if not is_other:
        return None
    return f"This run belongs to {owner}, but the page is set to {session.target_name}."


def require_target(run: Mapping[str, Any], session: Session, shown_sandbox: bool | None = None) -> None:
    """Raise RequestError unless the page is set to the account of a run.

    `shown_sandbox`: whether the browser shows the sandbox, which another tab may have changed; None if not reported.
    """
    if shown_sandbox is not None and shown_sandbox is not session.is_sandbox:
        raise RequestError(
            409, "ACCOUNT_CHANGED", "The HubSpot account has changed since this page was loaded. Reload the page."
        )
    other = other_target(run, session)
    if other is not None:
        sentence = f"{other} Nothing was sent. Change the account at the top of the page, then try again."
        raise RequestError(409, "RUN_OF_OTHER_ACCOUNT", sentence)
