"""Where an existing run sends: always to its own account, and only while the page is set to that account."""

from collections.abc import Mapping
from typing import Any

from importer.web.responses import RequestError
from importer.web.session import Session


def other_target(run: Mapping[str, Any], session: Session) -> str | None:
    """Return a sentence that says where a run belongs if the page is set to another place, None if it is not.

    An account that is not known is left to the run itself, which compares the token.
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

    `shown_sandbox` is what the browser shows, None if it does not say: another tab may have changed the session.
    """
    if shown_sandbox is not None and shown_sandbox is not session.is_sandbox:
        raise RequestError(409, "ACCOUNT_CHANGED", "The HubSpot account has changed since this page was loaded.")
    other = other_target(run, session)
    if other is not None:
        sentence = f"{other} Nothing was sent. Change the account at the top of the page, then try again."
        raise RequestError(409, "RUN_OF_OTHER_ACCOUNT", sentence)
