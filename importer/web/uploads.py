"""Files that a person uploads, or chooses from the sample data, as new imports."""

import asyncio
import shutil
from pathlib import Path

from aiohttp import BodyPartReader, web

from importer.runner.uploads import use_upload
from importer.timestamps import utc_now_text
from importer.web.responses import RequestError
from importer.web.store import Import, ImportStore, safe_name

MAX_UPLOAD = 1 << 30
"""Maximum bytes of an uploaded file."""

_CHUNK = 1 << 18

SAMPLES = {
    "needs_fixing.csv": "40 contacts and companies, some with mistakes to fix",
    "contacts_to_companies.csv": "200 contacts, one company each; every row links",
    "contacts_to_companies.xlsx": "the same as a workbook",
    "hubspot_contacts_export.csv": "a HubSpot export with several companies in one cell",
    "emails_and_domains.csv": "contacts by email address and companies by domain, without ids",
    "labels.csv": "links with labels, such as Decision maker",
    "japanese.csv": "Japanese headers and notes, in the encoding that Excel uses in Japan",
}
"""The sample files, each with what it shows."""

_DIRECTORIES = (Path(__file__).parent / "samples", Path(__file__).parents[2] / "sample_data")
"""Where the samples are: in an installed package, and in a copy of the project."""


async def receive(request: web.Request, store: ImportStore) -> Import:
    """Store the file in a multipart request as a new import; an interrupted upload leaves nothing behind.

    Raises RequestError if the file is missing, empty or too large.
    """
    if request.content_type != "multipart/form-data":
        raise RequestError(400, "NO_FILE", "The request has no file.")
    part = await (await request.multipart()).next()
    if not isinstance(part, BodyPartReader) or part.name != "file" or part.filename is None:
        raise RequestError(400, "NO_FILE", "The request has no file.")
    name = safe_name(part.filename)
    import_id = store.create()
    try:
        with use_upload(store.directory(import_id)):
            size = await _copy(part, store.directory(import_id) / "file" / name)
        return _new_import(store, import_id, name, size)
    except BaseException:
        store.remove(import_id)
        raise


async def _copy(part: BodyPartReader, path: Path) -> int:
    size = 0
    with path.open("xb") as file:
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > MAX_UPLOAD:
                message = f"{path.name} is larger than {MAX_UPLOAD >> 20:,} MB. Use the command line: importer run FILE"
                raise RequestError(413, "UPLOAD_TOO_LARGE", message)
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise RequestError(422, "UPLOAD_EMPTY", f"{path.name} is empty. Choose another file.")
    return size


def copy_sample(name: str, store: ImportStore) -> Import:
    """Store a copy of a sample file as a new import. Raises RequestError if there is no such file."""
    path = next((directory / name for directory in _DIRECTORIES if (directory / name).is_file()), None)
    if name not in SAMPLES or path is None:
        raise RequestError(404, "NOT_FOUND", f"There is no sample file {name!r}.")
    import_id = store.create()
    copy = store.directory(import_id) / "file" / name
    shutil.copyfile(path, copy)
    return _new_import(store, import_id, name, copy.stat().st_size)


def _new_import(store: ImportStore, import_id: str, name: str, size: int) -> Import:
    created = Import(id=import_id, name=name, size=size, created_at=utc_now_text("milliseconds"))
    store.save(created)
    return created
