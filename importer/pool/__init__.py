"""Workers that turn pending pairs into outcomes at HubSpot's pace, and the engines that say how."""

from importer.pool.batch import MOST_PAIRS, BatchEngine
from importer.pool.put import PutEngine
from importer.pool.read import FindLinked, ReadBack, Verify
from importer.pool.reading import MOST_RECORDS
from importer.pool.workers import Engine, Pool, Progress

__all__ = [
    "MOST_PAIRS",
    "MOST_RECORDS",
    "BatchEngine",
    "Engine",
    "FindLinked",
    "Pool",
    "Progress",
    "PutEngine",
    "ReadBack",
    "Verify",
]
