"""Files into the corpus: what they are, whether they can be read, which act and edition they hold."""

from .model import FileOutcome, IngestOptions, Progress, Stage, Status
from .pipeline import ingest

__all__ = ["FileOutcome", "IngestOptions", "Progress", "Stage", "Status", "ingest"]
