"""Paths: three API versions, and no type or id can change the path."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from importer.config import ApiVersion
from importer.hubspot import paths
from importer.model import ObjectType, Pair, RecordId
from tests.support.responses import PAIR

CONTACTS, COMPANIES = PAIR.from_type, PAIR.to_type


@pytest.mark.parametrize(
    ("version", "link", "associations"),
    [
        ("v4", "/crm/v4/objects/contacts/123456/associations/default/companies/789", "/crm/v4/associations"),
        (
            "2026-03",
            "/crm/objects/2026-03/contacts/123456/associations/default/companies/789",
            "/crm/associations/2026-03",
        ),
        (
            "2026-09",
            "/crm/objects/2026-09/contacts/123456/associations/default/companies/789",
            "/crm/associations/2026-09",
        ),
    ],
)
def test_each_version_has_its_paths(version: str, link: str, associations: str) -> None:
    chosen = ApiVersion(version)
    assert paths.default_association(chosen, PAIR) == link
    assert paths.batch_read(chosen, CONTACTS, COMPANIES) == f"{associations}/contacts/companies/batch/read"
    batch = paths.batch_default(chosen, CONTACTS, COMPANIES)
    assert batch == f"{associations}/contacts/companies/batch/associate/default"


def test_every_version_is_tested_here() -> None:
    assert set(ApiVersion) == {"v4", "2026-03", "2026-09"}


TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() or text.isspace())
NASTY = st.sampled_from(
    ["..", ".", "../..", "a/b", "%2F", "%2e%2e", "?x=1", "#", "//evil", "a\\b", "\r\nHost: x", "é", "@"]
)


@given(st.sampled_from(ApiVersion), TEXTS | NASTY, TEXTS | NASTY, TEXTS | NASTY, TEXTS | NASTY)
def test_no_type_or_id_changes_the_path(version: ApiVersion, a: str, b: str, c: str, d: str) -> None:
    pair = Pair(ObjectType(a), RecordId(b), ObjectType(c), RecordId(d))
    plain = paths.default_association(version, PAIR).split("/")
    url = URL("https://api.hubapi.com" + paths.default_association(version, pair), encoded=True)
    segments = url.raw_path.split("/")
    assert url.host == "api.hubapi.com"
    assert not url.query_string
    assert not url.fragment
    assert len(segments) == len(plain)
    places = [index for index, part in enumerate(plain) if part in {"contacts", "123456", "companies", "789"}]
    assert [unquote(segments[index]) for index in places] == [a, b, c, d]
    assert all(segments[index] == part for index, part in enumerate(plain) if index not in places)
    assert not {".", ".."} & set(segments)
    assert url.raw_path_qs.isascii()
    assert not any(character.isspace() for character in url.raw_path_qs)


@given(TEXTS | NASTY, TEXTS | NASTY)
def test_no_type_changes_the_path_of_a_batch(a: str, b: str) -> None:
    for route in (paths.batch_default, paths.batch_read):
        path = route(ApiVersion.V4, ObjectType(a), ObjectType(b))
        assert path.count("/") == route(ApiVersion.V4, CONTACTS, COMPANIES).count("/")
        assert [unquote(part) for part in path.split("/")[4:6]] == [a, b]
