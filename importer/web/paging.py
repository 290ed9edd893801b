"""Pages of rows."""

from aiohttp import web

from importer.web.responses import RequestError

PAGE_SIZE = 50
"""Rows on a page."""


def page_number(request: web.Request) -> int:
    """Return the page that a request names, from 1. Raises RequestError if it is not a number."""
    text = request.query.get("page", "1")
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) == int(text):
        raise RequestError(400, "WRONG_TYPE", "The page must be a number from 1.")
    return int(text)


def offset_of(page: int) -> int:
    """Return the number of rows before a page."""
    return (page - 1) * PAGE_SIZE


def page_values(total: int, page: int) -> dict[str, int]:
    """Return the number of a page, and the totals of rows and pages, as JSON values."""
    return {"total": total, "page": page, "pages": max(1, -(-total // PAGE_SIZE))}
