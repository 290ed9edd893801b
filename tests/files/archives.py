"""Zip archives, and what all XML files in them begin with."""

import io
import zipfile
from collections.abc import Mapping

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive that is the same every time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, part)
    return content.getvalue()
