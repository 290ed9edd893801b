"""The types of settings: how each kind of text is parsed and validated."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from importer.config.urls import RedactedValueError, refuse_token
from importer.config.values import Rate
from importer.redaction import redact

_PROPERTY_NAME = re.compile(r"[a-z0-9_]{1,250}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""The form of a client secret."""


def _parse_rate(value: object) -> object:
    if isinstance(value, Rate) or value == "auto":
        return value
    calls, slash, seconds = str(value).partition("/")
    try:
        rate = Rate(int(calls), float(seconds))
    except ValueError:
        slash = ""
    if not slash or rate.calls < 1 or not 0 < rate.seconds < 86_400:
        raise ValueError("expected N/SECONDS, such as 100/10, or auto")
    return rate


def _split_labels(value: object) -> object:
    return value.split(";") if isinstance(value, str) else value


def _require_labels(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not all(map(str.strip, texts)):
        raise ValueError("expected the name of a label, or CATEGORY:ID")
    return tuple(dict.fromkeys(map(str.strip, texts)))


def _unset(value: object) -> object:
    return None if value == "" else value


def _parse_property(value: object) -> object:
    name = "" if value is None else str(refuse_token(value)).strip().lower()
    if name and not _PROPERTY_NAME.fullmatch(name):
        raise ValueError("expected the internal name of a HubSpot property, such as email (see its details in HubSpot)")
    if name == "hs_object_id":
        raise ValueError("records are found by their ids without this setting; omit it")
    return name or None


def _parse_path(value: object) -> object:
    if str(value).startswith("pat-"):
        raise RedactedValueError("expected the path of a file that holds the token, not the token itself")
    if "\0" in str(value):
        raise ValueError("a path cannot contain the character NUL")
    # Unlike Path.expanduser this keeps a ~ of an unknown user instead of raising.
    return os.path.expanduser(value) if isinstance(value, str) and value else _unset(value)  # noqa: PTH111


def _parse_secret_path(value: object) -> object:
    if isinstance(value, str) and (redact(value) != value or "://" in value or _UUID.fullmatch(value.strip())):
        raise RedactedValueError("expected the path of a file that holds the secret, not the secret itself")
    return _parse_path(value)


AnyRate = Annotated[Rate | Literal["auto"], BeforeValidator(_parse_rate)]
FixedRate = Annotated[Rate, BeforeValidator(_parse_rate)]
Text = Annotated[str, BeforeValidator(refuse_token)]
OptionalText = Annotated[Text | None, BeforeValidator(_unset)]
OptionalProperty = Annotated[str | None, BeforeValidator(_parse_property)]
OptionalPortal = Annotated[Annotated[int, Field(ge=1, lt=10**18)] | None, BeforeValidator(_unset)]
LabelTexts = Annotated[tuple[Text, ...], BeforeValidator(_split_labels), AfterValidator(_require_labels)]
OptionalRow = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(_unset)]
OptionalPath = Annotated[Path | None, BeforeValidator(_parse_path)]
OptionalSecretPath = Annotated[Path | None, BeforeValidator(_parse_secret_path)]
PositiveSeconds = Annotated[float, Field(gt=0, le=86_400)]
