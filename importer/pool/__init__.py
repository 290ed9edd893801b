"""Workers that turn pending pairs into outcomes at HubSpot's pace, and the engines that say how."""

from importer.pool.batch import BatchEngine
from importer.pool.put import PutEngine
from importer.pool.read import FindLinked, ReadBack, Verify
from importer.pool.workers import Engine, Pool, Progress

__all__ = ["BatchEngine", "Engine", "FindLinked", "Pool", "Progress", "PutEngine", "ReadBack", "Verify"]
