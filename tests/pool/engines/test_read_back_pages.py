"""Pages of the links of one record: all are read, and those that never end are abandoned."""

import itertools
from pathlib import Path

import pytest

from importer.model import ObjectType, Pair, RecordId, Status
from importer.pool.engines.read_back import NOT_READ
from tests.support.pool import hubspot, pairs
from tests.support.read_server import Item, pages, read_server
from tests.support.reading import link, verify

pytestmark = pytest.mark.simulated_time


async def test_all_pages_of_a_record_with_many_links_are_read(path: Path) -> None:
    wanted = [
        Pair(ObjectType("contacts"), RecordId("7"), ObjectType("companies"), RecordId(str(100 + number)))
        for number in range(25)
    ]
    async with hubspot(page_size=4) as sandbox:
        link(sandbox, *wanted)
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted)
        assert sandbox.state.calls["read"] == 7


UNUSABLE: list[Item] = [{"to": None}, {"to": [], "paging": {"next": {"link": "x"}}}]


@pytest.mark.parametrize("item", UNUSABLE)
async def test_a_record_without_a_usable_list_counts_as_unread(path: Path, item: Item) -> None:
    def results(inputs: list[Item]) -> list[Item]:
        return [{"from": {"id": one["id"]}, **item} for one in inputs]

    async with hubspot() as sandbox, read_server(results) as server:
        wanted = pairs(3)
        link(sandbox, *wanted)
        ran = await verify(path, sandbox, wanted, server.url)
    assert ran.of(Status.UNCONFIRMED) == set(wanted)
    assert {outcome.error_category for outcome in ran.outcomes.values()} == {NOT_READ}


ENDLESS = {
    "the same cursor again": lambda: pages(itertools.repeat("a"), itertools.count(1)),
    "two cursors in turn": lambda: pages(itertools.cycle("ab"), itertools.count(1)),
    "ever new cursors without a new link": lambda: pages(map(str, itertools.count()), itertools.repeat(1)),
    "ever new cursors without any link": lambda: pages(map(str, itertools.count())),
}


@pytest.mark.parametrize("way", ENDLESS)
async def test_endless_pages_leave_the_record_unread(path: Path, way: str) -> None:
    async with hubspot() as sandbox, read_server(ENDLESS[way]()) as server:
        ran = await verify(path, sandbox, pairs(1), server.url)
        assert len(ran.of(Status.UNCONFIRMED)) == 1
        assert len(server.requests) <= 10


@pytest.mark.slow
async def test_endless_pages_with_new_links_are_abandoned_only_once(path: Path) -> None:
    async with (
        hubspot() as sandbox,
        read_server(pages(map(str, itertools.count()), itertools.count(1_000_000))) as server,
    ):
        ran = await verify(path, sandbox, pairs(2), server.url)
        assert len(ran.of(Status.UNCONFIRMED)) == 2
        assert len(server.requests) <= 2 * 401, "once from each side"


async def test_reading_ends_when_all_wanted_links_are_found(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(1)
        link(sandbox, *wanted)
        cursors = pages(map(str, itertools.count()), iter([5000]))
        async with read_server(cursors) as server:
            ran = await verify(path, sandbox, wanted, server.url)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted)
        assert len(server.requests) == 1


async def test_a_link_listed_with_a_label_on_one_page_and_unlabelled_on_the_next_is_found(path: Path) -> None:
    kinds = [
        {"category": "USER_DEFINED", "typeId": 12, "label": "Partner"},
        {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
    ]

    def results(inputs: list[Item]) -> list[Item]:
        is_second = "after" in inputs[0]
        item: Item = {"from": {"id": "1000"}, "to": [{"toObjectId": 5000, "associationTypes": [kinds[is_second]]}]}
        return [item if is_second else item | {"paging": {"next": {"after": "2"}}}]

    async with hubspot() as sandbox, read_server(results) as server:
        wanted = pairs(1)
        link(sandbox, *wanted)
        ran = await verify(path, sandbox, wanted, server.url)
    assert ran.of(Status.ALREADY_LINKED) == set(wanted)
    assert ran.outcomes[wanted[0]].association_types == "USER_DEFINED:12;HUBSPOT_DEFINED:279"
