"""Recognition of headers and ids, for file detection, which must not import the layers that define them."""

from importer.reader.columns.headers import meaning
from importer.reader.files.table import Recognizers
from importer.reader.rows.ids import are_short_ids

RECOGNIZERS = Recognizers(is_known_header=lambda text: meaning(text) is not None, are_ids=are_short_ids)
