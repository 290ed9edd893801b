"""The path of a file through the page's API up to its run: upload, columns, check, corrections."""

import pytest

from tests.support.page import PageClient, page

__all__ = ["page"]

pytestmark = pytest.mark.slow


def test_a_file_is_uploaded_and_its_columns_are_recognised(page: PageClient) -> None:
    found = page.get(f"/api/imports/{page.sample('needs_fixing.csv')}")
    assert (found["name"], found["format"], found["delimiter"], found["rows"]) == ("needs_fixing.csv", "CSV", ",", 41)
    assert found["roles"] == {"from_object_id": 0, "to_object_id": 2}
    assert set(found["reasons"]) == set(found["roles"])
    assert found["columns"][0] == {
        "index": 0,
        "letter": "A",
        "name": "Contact ID",
        "samples": ["200101", "200142", "200183"],
    }
    assert [row["name"] for row in found["preview"]] == ["2", "3", "4", "5", "6"]
    assert (found["from_type"], found["to_type"], found["is_complete"]) == ("contacts", "companies", True)


def test_columns_are_chosen_by_position_and_remembered_for_the_same_header(page: PageClient) -> None:
    content = b"A,B,B\n1101,2101,x\n"
    import_id = page.upload("strange.csv", content)
    assert page.get(f"/api/imports/{import_id}")["error"] is not None
    reading = {
        "columns": {"from_object_id": 0, "to_object_id": 1},
        "from_object_type": "contacts",
        "to_object_type": "companies",
    }
    found = page.change("PATCH", f"/api/imports/{import_id}", {"reading": reading})
    assert (found["error"], found["reading"]) == (None, reading)
    assert found["roles"] == {"from_object_id": 0, "to_object_id": 1}
    assert page.check(import_id)["button"]["pairs"] == 1
    page.ended(page.run(import_id))
    again = page.get(f"/api/imports/{page.upload('strange2.csv', content)}")
    assert (again["remembered"], again["error"], again["reading"]) == (True, None, reading)
    reset = page.change("PATCH", f"/api/imports/{again['id']}", {"reading": {"columns": None}})
    assert not reset["remembered"]
    assert reset["error"] is not None


def test_choices_are_kept_while_others_are_missing(page: PageClient) -> None:
    path = "/api/imports/" + page.upload("names.csv", b"Kontakt;Firma\n1601;2601\n1602;2602\n")
    found = page.change("PATCH", path, {"reading": {"columns": {"from_object_id": 0}}})
    assert (found["error"]["code"], found["roles"]) == ("NO_ID_COLUMN", {"from_object_id": 0})
    found = page.change("PATCH", path, {"reading": {"from_object_type": "contacts", "from_by": "email"}})
    assert (found["from_type"], found["from_by"], found["to_type"]) == ("contacts", "email", None)
    found = page.change("PATCH", path, {"reading": {"columns": {"to_object_id": 1}, "to_by": "domain"}})
    assert (found["error"]["code"], found["to_by"]) == ("NO_OBJECT_TYPE", "domain")
    assert found["roles"] == {"from_object_id": 0, "to_object_id": 1}
    found = page.change("PATCH", path, {"reading": {"to_object_type": "companies"}})
    assert (found["error"], found["from_type"], found["to_type"]) == (None, "contacts", "companies")


def test_a_file_that_cannot_be_read_is_explained_and_can_be_read_with_other_choices(page: PageClient) -> None:
    import_id = page.upload("notes.csv", "Contact ID;Company ID;Größe\n1201;2201;x\n".encode("cp1252"))
    found = page.change("PATCH", f"/api/imports/{import_id}", {"reading": {"encoding": "nonsense"}})
    assert not found["is_complete"]
    assert found["error"]["code"]
    found = page.change("PATCH", f"/api/imports/{import_id}", {"reading": {"encoding": None}})
    assert (found["error"], found["delimiter"]) == (None, ";")


def test_wrong_cells_are_corrected_and_judged_at_once(page: PageClient) -> None:
    import_id = page.pairs(3, "no id,7", "1.20456E+11,8", "")
    check = page.check(import_id)
    assert (check["report"]["invalid"], check["button"]["pairs"]) == (2, 3)
    problems = page.get(f"/api/imports/{import_id}/problems")
    assert [row["name"] for row in problems["rows"]] == ["5", "6"]
    assert problems["rows"][0]["problems"][0]["column"] == 0
    path = f"/api/imports/{import_id}/edits"
    row = page.change("PUT", path, {"row": 5, "column": 0, "text": "still none"})["row"]
    assert (row["pairs"], len(row["problems"])) == (0, 1)
    row = page.change("PUT", path, {"row": 5, "column": 0, "text": "1301"})["row"]
    assert (row["pairs"], row["problems"], row["original"]) == (1, [], {"0": "no id"})
    page.change("PUT", path, {"row": 6, "column": 0, "text": "1302"})
    check = page.wait_for(f"/api/imports/{import_id}/check", lambda one: one["button"])
    assert (check["report"]["invalid"], check["button"]["pairs"]) == (0, 5)
    assert [(edit["name"], edit["original"], edit["text"]) for edit in check["edits"]] == [
        ("5", "no id", "1301"),
        ("6", "1.20456E+11", "1302"),
    ]
    run_id = page.run(import_id)
    assert page.ended(run_id)["counts"]["linked"] == 5
    results = page.request("GET", f"/api/runs/{run_id}/results.csv").body.decode("utf-8-sig")
    assert "import_original_cells" in results.splitlines()[0]
    assert page.get(f"/api/runs/{run_id}/command")["has_corrections"]
    rows = page.get(f"/api/runs/{run_id}/rows?q=1301")["rows"]
    assert [(row["cells"], row["original"]) for row in rows] == [(["1301", "7"], {"0": "no id"})]


def test_an_online_check_counts_what_is_already_linked(page: PageClient) -> None:
    import_id = page.pairs(5)
    assert page.check(import_id)["report"]["already_linked"] is None
    report = page.check(import_id, online=True)["report"]
    assert (report["online"], report["already_linked"], report["primaries_moving"]) == (True, 0, [])
    page.ended(page.run(import_id))
    assert page.check(import_id, online=True)["report"]["already_linked"] == 5


def test_labels_are_checked_and_set(page: PageClient) -> None:
    import_id = page.pairs(2)
    page.change("PATCH", f"/api/imports/{import_id}", {"reading": {"labels": ["No such label"]}})
    check = page.check(import_id, online=True)
    assert (check["state"], check["error"]["code"]) == ("failed", "LABEL_UNKNOWN")
    page.change("PATCH", f"/api/imports/{import_id}", {"reading": {"labels": ["Decision maker"]}})
    report = page.check(import_id)["report"]
    assert report["labels"] == [{"text": "Decision maker", "pairs": 2}]
    run = page.ended(page.run(import_id))
    assert run["counts"]["linked"] == 2
    command = page.get(f"/api/runs/{run['run_id']}/command")["command"]
    assert "--label 'Decision maker'" in command


def test_a_label_in_another_case_is_the_same_label(page: PageClient) -> None:
    lines = "Contact ID,Company ID,Label", "1701,1,Decision maker", "1702,2,decision maker"
    report = page.check(page.upload("cases.csv", "\n".join(lines).encode()))["report"]
    assert report["labels"] == [{"text": "Decision maker", "pairs": 2}]


def test_records_are_looked_up_by_a_property(page: PageClient) -> None:
    import_id = page.upload("emails.csv", b"Email,Company ID\ncontact-7@example.com,7\nnobody@example.com,8\n")
    reading = {"from_by": "email", "from_object_type": "contacts", "columns": {"from_object_id": 0}}
    found = page.change("PATCH", f"/api/imports/{import_id}", {"reading": reading})
    assert (found["error"], found["from_by"]) == (None, "email")
    report = page.check(import_id)["report"]
    assert (report["lookup"]["found"], report["lookup"]["not_found"], report["invalid"]) == (1, 1, 1)


def test_a_file_without_ids_is_set_to_look_its_records_up_until_something_else_is_chosen(page: PageClient) -> None:
    content = b"Name,Email,Company domain\nAda,ada@b.example,b.example\n"
    path = f"/api/imports/{page.upload('values.csv', content)}"
    found = page.get(path)
    assert (found["error"], found["suggested"], found["remembered"]) == (None, True, False)
    assert (found["from_type"], found["from_by"]) == ("contacts", "email")
    assert (found["to_type"], found["to_by"]) == ("companies", "domain")
    assert found["roles"] == {"from_object_id": 1, "to_object_id": 2}
    assert found["reasons"]["from_object_id"] == "Its header names the property 'email'."
    assert page.get(path)["suggested"]
    changed = page.change("PATCH", path, {"reading": {"from_by": None}})
    assert (changed["suggested"], changed["from_by"]) == (False, None)


def test_a_correction_can_be_reverted(page: PageClient) -> None:
    import_id = page.pairs(1, "no id,7")
    page.check(import_id)
    path = f"/api/imports/{import_id}/edits"
    page.change("PUT", path, {"row": 3, "column": 0, "text": "1401"})
    row = page.change("DELETE", path, {"row": 3, "column": 0})["row"]
    assert (row["cells"][0], row["original"], len(row["problems"])) == ("no id", {}, 1)
    assert page.request("PUT", path, {"row": 99, "column": 0, "text": "1"}).code == "ROW_NOT_FOUND"
    assert page.request("PUT", path, {"row": 3, "column": -1, "text": "1"}).status == 400
    assert page.request("PUT", path, {"row": 3, "column": 0, "text": "x" * 40_000}).status == 400


def test_uploads_without_content_or_with_a_strange_name_do_no_harm(page: PageClient) -> None:
    before = page.get("/api/imports")
    for name in ("../../etc/passwd", "..", "C:\\files\\a.csv", "con.csv", "a" * 300 + ".csv", "é\u202e.csv"):
        import_id = page.upload(name.encode("utf-8").decode("utf-8"), b"Contact ID,Company ID\n1501,2501\n")
        found = page.get(f"/api/imports/{import_id}")
        assert "/" not in found["name"]
        assert (page.state / "web" / "imports" / import_id / "file" / found["name"]).is_file()
        page.change("DELETE", f"/api/imports/{import_id}")
    assert page.get("/api/imports") == before


def test_an_upload_that_is_cut_off_leaves_nothing(page: PageClient) -> None:
    imports = page.state / "web" / "imports"
    before = set(imports.iterdir()) if imports.exists() else set()
    headers = {**page.own_headers(), "Content-Type": "multipart/form-data; boundary=x", "Content-Length": "100000"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nContact ID'
    page.raw_and_close(f"POST /api/imports HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n{head}\r\n{part}".encode())
    page.wait_for("/api/imports", lambda _: set(imports.iterdir()) == before)
    answer = page.request("POST", "/api/imports/sample", {"name": "../pyproject.toml"})
    assert answer.code == "NOT_FOUND"


def test_a_sample_is_an_upload(page: PageClient) -> None:
    names = [sample["name"] for sample in page.get("/api/samples")]
    assert "needs_fixing.csv" in names
    import_id = page.change("POST", "/api/imports/sample", {"name": "needs_fixing.csv"})["id"]
    assert page.check(import_id)["report"]["rows"] == 41
