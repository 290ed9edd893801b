"""Workers that turn pending pairs into outcomes at HubSpot's pace, and the engines that say how."""

from importer.pool.engines.batch import MAX_PAIRS, BatchEngine
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.put import PutEngine
from importer.pool.engines.read_back import FindLinked, ReadBack, Verify
from importer.pool.pool import Engine, Pool, Progress

__all__ = [
    "MAX_PAIRS",
    "MAX_RECORDS",
    "BatchEngine",
    "Engine",
    "FindLinked",
    "Pool",
    "Progress",
    "PutEngine",
    "ReadBack",
    "Verify",
]
