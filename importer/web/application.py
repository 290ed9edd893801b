"""The web application: its routes, and the error handling that all handlers share."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from importer.errors import ImporterError
from importer.runner.os_errors import translate_os_errors
from importer.web import security
from importer.web.checks_api import ChecksApi
from importer.web.crashes import save_traceback
from importer.web.imports_api import ImportsApi
from importer.web.responses import RequestError, error_response, json_response, read_object
from importer.web.run_edits_api import RunEditsApi
from importer.web.runs_api import RunsApi
from importer.web.security import Guard
from importer.web.services import Services
from importer.web.session import Session
from importer.web.workers import JobError

Middleware = Any  # aiohttp's own type is private
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATIC = Path(__file__).parent / "static"
_CONTENT_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_PAGES = ("/", "/imports/{id}/columns", "/imports/{id}/check", "/runs/{run_id}")


def application(services: Services, guard: Guard) -> web.Application:
    """Return the application that answers the requests of the page."""
    app = web.Application(middlewares=[guard.middleware, _errors(services.store.root)])
    app.on_response_prepare.append(security.add_headers)
    app.router.add_get("/open", guard.open)
    for page in _PAGES:
        app.router.add_get(page, _index)
    app.router.add_get("/static/{name}", _static)
    app.router.add_routes(_session_routes(services.session))
    for api in (ImportsApi(services), ChecksApi(services), RunsApi(services), RunEditsApi(services)):
        app.router.add_routes(api.routes)
    return app


def _errors(crash_directory: Path) -> Middleware:
    """Return the middleware that turns errors into responses with a code and a sentence."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            with translate_os_errors():
                return await handler(request)
        except (RequestError, JobError, ImporterError) as error:
            return error_response(error)
        except web.HTTPNotFound:
            return error_response(RequestError(404, "NOT_FOUND", "There is no such page."))
        except web.HTTPMethodNotAllowed:
            return error_response(RequestError(405, "METHOD_NOT_ALLOWED", "This address does not support this method."))
        except Exception:
            if request.transport is None or request.transport.is_closing():
                raise  # the browser has closed the connection
            return error_response(RequestError(500, "INTERNAL_ERROR", save_traceback(crash_directory)))

    return middleware


async def _index(request: web.Request) -> web.Response:
    return _file("index.html")


async def _static(request: web.Request) -> web.Response:
    return _file(request.match_info["name"])


def _file(name: str) -> web.Response:
    """Return a static file. `name` is matched against the names in the directory, never used as a path."""
    path = next((path for path in _STATIC.iterdir() if path.name == name and path.suffix in _CONTENT_TYPES), None)
    if path is None:
        raise RequestError(404, "NOT_FOUND", "There is no such page.")
    content_type = _CONTENT_TYPES[path.suffix]
    charset = None if content_type.startswith("image/") else "utf-8"
    return web.Response(body=path.read_bytes(), content_type=content_type, charset=charset)


def _session_routes(session: Session) -> list[web.RouteDef]:
    async def show(request: web.Request) -> web.Response:
        return json_response(await session.values())

    async def change(request: web.Request) -> web.Response:
        values = await read_object(request, mode=str, token=str)
        match dict(values):
            case {"token": str(token), **rest} if not rest and not session.is_sandbox_only:
                session.use_token(token)
            case {"mode": "account"} if not session.is_sandbox_only:
                session.use_account()
            case {"mode": "sandbox"}:
                session.use_sandbox()
            case _:
                raise RequestError(400, "UNKNOWN_MODE", "This page accepts neither this mode nor this token.")
        return json_response(await session.values())

    return [web.get("/api/session", show), web.post("/api/session", change)]
