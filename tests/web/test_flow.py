"""The whole way of an import through the page's API, in the sandbox."""

from tests.support.page import PageClient, page

__all__ = ["page"]


def test_a_file_is_uploaded_checked_and_linked(page: PageClient) -> None:
    import_id = page.sample("contacts_to_companies.csv")
    assert page.get(f"/api/imports/{import_id}")["is_complete"]
    check = page.check(import_id)
    assert check["button"] == {"pairs": 200, "account": None}
    run = page.ended(page.run(import_id))
    assert (run["state"], run["counts"]["linked"], run["headline"]) == ("finished", 200, "All 200 rows are linked.")
