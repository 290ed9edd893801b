"""Requests that correct a cell."""

from aiohttp import web

from importer.web.edits import Edit
from importer.web.responses import RequestError, read_object

_MAX_TEXT = 32_767
"""Maximum characters of a corrected cell, as in Excel."""


async def read_edit(request: web.Request) -> Edit:
    """Return the change that a PUT or DELETE request asks for. Raises RequestError."""
    values = await read_object(request, row=int, column=int, text=str)
    is_removal = request.method == "DELETE"
    if not {"row", "column"} <= values.keys() or is_removal is ("text" in values):
        raise RequestError(
            400, "MISSING_KEY", "The request must have a row, a column and, unless it is a DELETE, a text."
        )
    text = None if is_removal else values["text"]
    if values["column"] < 0 or len(text or "") > _MAX_TEXT:
        raise RequestError(
            400, "WRONG_TYPE", f"A column must be 0 or more, and a cell can have at most {_MAX_TEXT:,} characters."
        )
    return Edit(values["row"], values["column"], text)
