"""Columns that hold values of a property: recognized by their headers, on the side that they name."""

from dataclasses import replace

import pytest

from importer.config import Reading
from importer.errors import MissingColumnsError, SourceError
from importer.model import Role
from importer.reader.columns.property_headers import suggested_lookups, value_columns
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Header
from tests.support.errors import raises

BY_EMAIL_AND_DOMAIN = Reading("contacts", "companies", from_by="email", to_by="domain")


def resolved(header: str, reading: Reading) -> str:
    """Return `position:type:property > position:type:property`."""
    texts = tuple(header.split("|"))
    columns = find_columns("people.csv", Header(texts, tuple(range(1, len(texts) + 1))), reading)
    return " > ".join(
        f"{side.id_column}:{side.object_type}:{side.lookup_by}" for side in (columns.from_side, columns.to_side)
    )


@pytest.mark.parametrize(
    "header",
    [
        "Email|Company domain",
        "E-mail|Domain",
        "EMAIL ADDRESS|company_domain_name",
        "Contact email:|Companies domain*",
        "from email|to domain",
        "contact.email|company.domain",
    ],
)
def test_columns_are_found_by_the_name_of_the_property(header: str) -> None:
    assert resolved(header, BY_EMAIL_AND_DOMAIN) == "0:contacts:email > 1:companies:domain"


def test_any_property_is_found_by_its_own_name_or_its_words() -> None:
    reading = Reading("contacts", "companies", from_by="customer_number", to_by="account_code")
    assert resolved("Account code|Customer number", reading) == "1:contacts:customer_number > 0:companies:account_code"


def test_one_side_may_have_ids() -> None:
    assert resolved("Email|Contact ID|Company ID", Reading("contacts", "companies", from_by="email")) == (
        "0:contacts:email > 2:companies:"
    )


def test_a_header_may_name_the_object_type() -> None:
    reading = Reading(from_by="email", to_by="domain")
    assert resolved("Contact email|Company domain", reading) == "0:contacts:email > 1:companies:domain"


def test_two_columns_of_one_property_are_assigned_by_their_sides() -> None:
    reading = Reading("contacts", "contacts", from_by="email", to_by="email")
    assert resolved("to email|from email", reading) == "1:contacts:email > 0:contacts:email"
    assert resolved("Email|E-mail", reading) == "0:contacts:email > 1:contacts:email"


def test_a_mapped_column_may_have_any_name() -> None:
    reading = Reading("contacts", "companies", {Role.FROM_OBJECT_ID: "Who"}, from_by="email", to_by="domain")
    assert resolved("Who|Email|Domain", reading) == "0:contacts:email > 2:companies:domain"


def test_the_object_type_of_a_side_must_be_known() -> None:
    with raises(SourceError, "NO_OBJECT_TYPE"):
        resolved("Email|Company domain", Reading(from_by="email", to_by="domain"))


def test_a_missing_column_of_values_is_an_error() -> None:
    with raises(SourceError, "NO_ID_COLUMN") as caught:
        resolved("Name|Company domain", BY_EMAIL_AND_DOMAIN)
    assert "'email'" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "reading", "flags", "read"),
    [
        (
            "Email|Company domain",
            Reading(),
            "--from contacts --from-by email --to companies --to-by domain",
            "0:contacts:email > 1:companies:domain",
        ),
        (
            "Domain|Email",
            Reading(),
            "--from companies --from-by domain --to contacts --to-by email",
            "0:companies:domain > 1:contacts:email",
        ),
        ("Company ID|Email", Reading(), "--to contacts --to-by email", "0:companies: > 1:contacts:email"),
        (
            "Email|Company domain",
            Reading("leads"),
            "--from leads --from-by email --to companies --to-by domain",
            "0:leads:email > 1:companies:domain",
        ),
    ],
)
def test_a_file_without_ids_names_the_settings_that_read_it(
    header: str, reading: Reading, flags: str, read: str
) -> None:
    with raises(MissingColumnsError, "NO_ID_COLUMN") as caught:
        resolved(header, reading)
    assert isinstance(caught.value, MissingColumnsError)
    assert str(caught.value).endswith(f"add: {flags}")
    assert resolved(header, replace(reading, **caught.value.lookup)) == read  # type: ignore[arg-type]


def test_other_columns_are_not_values() -> None:
    assert value_columns(["Email ID", "Manager's email", "Email sent", "Subdomain", ""], "email") == []
    assert suggested_lookups(["Name", "Phone"]) == []
