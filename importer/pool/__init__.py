"""Workers that turn pending pairs into outcomes within HubSpot's rate limit, and the engines they run."""

from importer.pool.engine import Engine
from importer.pool.engines.batch import MAX_PAIRS, BatchEngine
from importer.pool.engines.change import Change, ChangeEngine, ChangeInBatches
from importer.pool.engines.confirm_primary import ConfirmPrimary
from importer.pool.engines.findings import Findings, LeadAtRisk, OverLimit, PrimaryMove, ReplacedLabels
from importer.pool.engines.label import LABELLED_PAIRS_READ, LabelEngine
from importer.pool.engines.lead_check import LastPrimaries, RefuseLastPrimaries, concerns_leads, replaces_primary
from importer.pool.engines.link_reader import MAX_RECORDS, LinkReader
from importer.pool.engines.put import PutEngine
from importer.pool.engines.read_back import ReadBack, Verify
from importer.pool.engines.read_first import ReadAfter, ReadFirst
from importer.pool.engines.read_labelled import ReadLabelledFirst
from importer.pool.engines.remove import ConfirmChanged, ReadBeforeRemoval
from importer.pool.engines.siblings import Siblings
from importer.pool.engines.survey import Survey
from importer.pool.engines.undo import ReadBeforeUndo
from importer.pool.outcomes import Progress
from importer.pool.pool import Pool
from importer.pool.sender import RetryPolicy, Sender
from importer.pool.stop_signal import StoppedError, StopSignal, pair_of_types

__all__ = [
    "LABELLED_PAIRS_READ",
    "MAX_PAIRS",
    "MAX_RECORDS",
    "BatchEngine",
    "Change",
    "ChangeEngine",
    "ChangeInBatches",
    "ConfirmChanged",
    "ConfirmPrimary",
    "Engine",
    "Findings",
    "LabelEngine",
    "LastPrimaries",
    "LeadAtRisk",
    "LinkReader",
    "OverLimit",
    "Pool",
    "PrimaryMove",
    "Progress",
    "PutEngine",
    "ReadAfter",
    "ReadBack",
    "ReadBeforeRemoval",
    "ReadBeforeUndo",
    "ReadFirst",
    "ReadLabelledFirst",
    "RefuseLastPrimaries",
    "ReplacedLabels",
    "RetryPolicy",
    "Sender",
    "Siblings",
    "StopSignal",
    "StoppedError",
    "Survey",
    "Verify",
    "concerns_leads",
    "pair_of_types",
    "replaces_primary",
]
