"""A real `importer web` in a process, and a client that speaks HTTP to it over a raw socket."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, TOKEN
from tests.support.package import PROJECT

SAMPLES = PROJECT / "sample_data"
_first_contacts = itertools.count(1_000, 500)
_BOUNDARY = "boundary-of-the-test"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.json["code"])


@dataclass(slots=True)
class PageClient:
    """A browser as far as the server can see: it has the cookie and sends the headers of the page's own requests."""

    process: "subprocess.Popen[bytes]"
    url: str
    folder: Path
    errors: IO[bytes]
    environment: Mapping[str, str]
    cookie: str = ""

    @property
    def port(self) -> int:
        """The port of the server."""
        found = re.search(r":(\d+)/", self.url)
        assert found
        return int(found[1])

    @property
    def origin(self) -> str:
        """The origin of the page."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    def raw(self, data: bytes) -> bytes:
        """Send bytes, and return everything up to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def raw_and_close(self, data: bytes) -> None:
        """Send bytes and close the connection without waiting for a response."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)

    def send(self, method: str, path: str, headers: Mapping[str, str | None], body: bytes = b"") -> Answer:
        """Send a request with exactly these headers (None omits one), in addition to those of HTTP itself."""
        lines = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body)), "Connection": "close", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        return _parsed(self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body))

    def own_headers(self) -> dict[str, str | None]:
        """Return the headers of a request of the page itself."""
        return {
            "Cookie": self.cookie,
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/json",
        }

    def request(self, method: str, path: str, value: Any = None) -> Answer:
        """Send a request of the page, with a JSON body."""
        body = json.dumps({} if value is None else value).encode() if method != "GET" else b""
        return self.send(method, path, self.own_headers(), body)

    def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        answer = self.request("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def change(self, method: str, path: str, value: Any = None) -> Any:
        """Send a change that succeeds and return its JSON."""
        answer = self.request(method, path, value)
        assert 200 <= answer.status < 300, answer.body
        return answer.json if answer.body else None

    def sign_in(self) -> None:
        """Open the one-time address."""
        answer = self.send("GET", self.url.removeprefix(self.origin), {})
        assert answer.status == 303, answer.body
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    # ---- steps of an import

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file and return the id of the import."""
        body = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            + content
            + f"\r\n--{_BOUNDARY}--\r\n".encode()
        )
        headers = {**self.own_headers(), "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        answer = self.send("POST", "/api/imports", headers, body)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    def pairs(self, count: int, *lines: str) -> str:
        """Upload a file of contacts and companies that no other test uses, with further lines; return its id."""
        first = next(_first_contacts)
        rows = [f"{first + number},{1 + number}" for number in range(count)]
        return self.upload("pairs.csv", "\n".join(["Contact ID,Company ID", *rows, *lines, ""]).encode())

    def sample(self, name: str) -> str:
        """Upload a file of sample_data."""
        return self.upload(name, (SAMPLES / name).read_bytes())

    def check(self, import_id: str, **options: bool) -> Any:
        """Check a file and return the state of the check at its end."""
        self.change("POST", f"/api/imports/{import_id}/check", options)
        return self.checked(import_id)

    def checked(self, import_id: str) -> Any:
        """Wait for the end of a check and return its state."""
        return self.wait_for(f"/api/imports/{import_id}/check", lambda check: check["state"] in {"done", "failed"})

    def run(self, import_id: str, first_rows: int | None = None) -> str:
        """Start the run of a checked file and return its id."""
        button = self.get(f"/api/imports/{import_id}/check")["button"]
        start = self.change("POST", f"/api/imports/{import_id}/run", {"first_rows": first_rows, **button})
        return self.started(start)

    def started(self, start: Any) -> str:
        """Wait until a run has started and return its id."""
        found = self.wait_for(f"/api/starts/{start['start']}", lambda one: one["state"] != "starting")
        assert found["state"] == "started", found
        return str(found["run_id"])

    def ended(self, run_id: str) -> Any:
        """Wait until a run has ended and return it."""
        return self.wait_for(f"/api/runs/{run_id}", lambda run: run["state"] != "running" and run["can"]["delete"])

    def wait_for(self, path: str, condition: Any, seconds: float = 60.0) -> Any:
        """Poll a path until its JSON meets a condition."""
        end = time.monotonic() + seconds
        while not condition(found := self.get(path)):
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop the server by a signal and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def page_process(folder: Path, *arguments: str, **variables: str) -> Iterator[PageClient]:
    """Start `importer web` with the state directory in `folder`, and sign in; stop it at the end."""
    with unopened_page(folder, *arguments, **variables) as client:
        client.sign_in()
        yield client


@contextmanager
def unopened_page(folder: Path, *arguments: str, **variables: str) -> Iterator[PageClient]:
    """Start `importer web`, whose address nobody has opened yet; stop it at the end."""
    system = {name: value for name, value in os.environ.items() if not name.startswith(("IMPORTER_", "HUBSPOT_"))}
    environment = {
        **system,
        "PYTHONPATH": str(PROJECT),
        "PYTHONWARNINGS": "error",
        "XDG_STATE_HOME": str(folder / "home"),
        "IMPORTER_STATE_DIR": str(folder / "state"),
        **variables,
    }
    command = [sys.executable, "-m", "importer", "web", "--no-browser", "--json", *arguments]
    with (
        tempfile.TemporaryFile(dir=folder) as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=folder, env=environment) as process,
    ):
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, "the server did not start"
            client = PageClient(process, json.loads(line)["url"], folder, errors, environment)
            yield client
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)
        errors.seek(0)
        text = errors.read().decode()
        assert "Traceback" not in text, text


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageClient]:
    """A page that sends to a fast sandbox, as to an account; shared by the tests of a module."""
    with sandbox_thread(FAST) as hubspot:
        variables = {"HUBSPOT_ACCESS_TOKEN": TOKEN, "IMPORTER_BASE_URL": hubspot.url, "IMPORTER_RATE": "20000/1"}
        with page_process(tmp_path_factory.mktemp("page"), **variables) as client:
            yield client


def _parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(first.split()[1]), headers, body)


def _unchunked(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        parts.append(data[:length])
        data = data[length + 2 :]
    return b"".join(parts)
