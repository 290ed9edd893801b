"""Requests that the server refuses, over a raw socket: from other websites, to other hosts, without the cookie."""

import re
from pathlib import Path

import pytest

from tests.support.page import PageClient, page, page_process, unopened_page

__all__ = ["page"]

TOKEN = "pat-na1-12345678-1234-1234-1234-1234567890ab"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "", None, "127.0.0.1:{port}."]
)
@pytest.mark.parametrize("path", ["/", "/api/session", "/open", "/static/app.js", "/nothing"])
def test_another_host_is_refused(page: PageClient, host: str | None, path: str) -> None:
    name = host.format(port=page.port) if host else host
    answer = page.send("GET", path, {**page.own_headers(), "Host": name})
    assert answer.status in ({400, 403} if not host else {403})
    assert "content-security-policy" in answer.headers or answer.status == 400


def test_two_hosts_are_refused(page: PageClient) -> None:
    head = (
        f"GET /api/session HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nHost: evil.example\r\nCookie: {page.cookie}\r\n"
    )
    assert page.raw(f"{head}Connection: close\r\n\r\n".encode()).split()[1] in {b"403", b"400"}


@pytest.mark.slow
def test_localhost_is_the_same_page(page: PageClient) -> None:
    host = f"localhost:{page.port}"
    assert page.send("GET", "/api/session", {**page.own_headers(), "Host": host}).status == 200
    headers = {**page.own_headers(), "Host": host, "Origin": f"http://{host}"}
    assert page.send("POST", "/api/session", headers, b'{"mode": "sandbox"}').status == 200


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/runs", "/static/index.html", "/imports/x/check"])
@pytest.mark.parametrize("cookie", [None, "importer-{port}=wrong", "importer-1={value}"])
def test_nothing_is_answered_without_the_cookie(page: PageClient, path: str, cookie: str | None) -> None:
    value = page.cookie.partition("=")[2]
    text = cookie and cookie.format(port=page.port, value=value)
    assert page.send("GET", path, {**page.own_headers(), "Cookie": text}).status == 403


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
def test_a_change_from_another_origin_is_refused(page: PageClient, origin: str | None) -> None:
    headers = {**page.own_headers(), "Origin": origin and origin.format(port=page.port)}
    assert page.send("POST", "/api/session", headers, b'{"mode": "sandbox"}').code == "FOREIGN_ORIGIN"


@pytest.mark.parametrize("site", [None, "none", "same-site", "cross-site"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_from_another_site_is_refused(page: PageClient, site: str | None, method: str) -> None:
    headers = {**page.own_headers(), "Sec-Fetch-Site": site}
    assert page.send(method, "/api/session", headers, b"{}").code == "FOREIGN_ORIGIN"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_change_that_a_form_can_send_is_refused(page: PageClient, content_type: str | None) -> None:
    headers = {**page.own_headers(), "Content-Type": content_type}
    assert page.send("POST", "/api/session", headers, b'{"mode": "sandbox"}').code == "WRONG_CONTENT_TYPE"


def test_other_sites_cannot_read_data(page: PageClient) -> None:
    for site in ("cross-site", "same-site"):
        assert page.send("GET", "/api/runs", {**page.own_headers(), "Sec-Fetch-Site": site}).status == 403
    answer = page.request("GET", "/api/runs")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not any(name.startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize(
    "path", ["/", "/api/session", "/api/nothing", "/static/../session.py", "/static/%2e%2e/session.py"]
)
def test_every_response_has_the_security_headers(page: PageClient, path: str) -> None:
    headers = page.request("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/static/../session.py", "/static/%2e%2e%2fsession.py", "/static/session.py", "/static/"]
)
def test_only_the_files_of_the_page_are_served(page: PageClient, path: str) -> None:
    assert page.request("GET", path).status == 404


@pytest.mark.parametrize("run_id", ["..", "..%2f..%2fetc", "%00", "x" * 300])
def test_no_path_comes_from_the_client(page: PageClient, run_id: str) -> None:
    assert page.request("GET", f"/api/runs/{run_id}").status in {400, 404}
    assert page.request("GET", f"/api/imports/{run_id}").status in {400, 404}


def test_the_address_works_once(page: PageClient) -> None:
    path = page.url.removeprefix(page.origin)
    assert page.send("GET", path, {}).status == 403
    assert page.send("GET", path, {"Cookie": page.cookie}).status == 303  # the same browser opens it again


@pytest.mark.slow
def test_a_wrong_or_early_use_of_the_address_does_not_use_it_up(tmp_path: Path) -> None:
    with unopened_page(tmp_path, "--sandbox") as client:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/open\?secret=[\w-]{43}", client.url)
        path = client.url.removeprefix(client.origin)
        assert client.send("GET", f"{path}x", {}).status == 403
        assert client.send("HEAD", path, {}).status == 403
        assert client.send("GET", path, {"Sec-Purpose": "prefetch;prerender"}).status == 403
        client.sign_in()
        secret = client.cookie.partition("=")[2]
        assert len(secret) == 43
        assert client.get("/api/session")["mode"] == "sandbox"
        files = [path for path in client.state.rglob("*") if path.is_file()]
        assert all(secret.encode() not in path.read_bytes() for path in files)


@pytest.mark.slow
def test_a_typed_token_is_in_no_response_file_or_log(tmp_path: Path) -> None:
    with page_process(tmp_path, IMPORTER_BASE_URL="http://127.0.0.1:9") as client:
        assert client.get("/api/session")["mode"] == "none"
        answer = client.request("POST", "/api/session", {"token": TOKEN})
        session = answer.json
        assert session["token"] == {"source": "typed", "last4": TOKEN[-4:]}
        assert session["account"] is None or session["account"]["id"] is None
        import_id = client.sample("labels.csv")
        check = client.check(import_id)
        bodies = [answer.body, client.request("GET", "/api/session").body, str(check).encode()]
        assert all(TOKEN.encode() not in body for body in bodies)
        assert TOKEN not in _arguments_and_environment(client.process.pid)
        client.stop()
        client.errors.seek(0)
        assert TOKEN.encode() not in client.errors.read()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_a_malformed_token_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with page_process(tmp_path) as client:
        answer = client.request("POST", "/api/session", {"token": f"{TOKEN} x"})
        assert (answer.status, answer.code) == (422, "TOKEN_MALFORMED")
        assert TOKEN.encode() not in answer.body
        assert client.get("/api/session")["mode"] == "none"


def test_malformed_requests_are_refused(page: PageClient) -> None:
    for body in (b"[]", b"{", b'{"mode": 1}', b'{"other": "x"}', b'{"mode": "elsewhere"}'):
        assert page.send("POST", "/api/session", page.own_headers(), body).status == 400
    assert page.request("POST", "/api/imports").code == "NO_FILE"
    assert page.request("PUT", "/api/session").code == "METHOD_NOT_ALLOWED"


def _arguments_and_environment(pid: int) -> str:
    """The arguments and the environment of a process and of those that it has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text().rpartition(")")[2].split()
            if int(process.name) == pid or int(stat[1]) == pid:
                found += [(process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ")]
        except OSError:
            continue
    assert found
    return "".join(found)
