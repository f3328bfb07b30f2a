"""The build graph: stages, what is skipped and merged, heredocs, other platforms, old clients."""

from buildlab.experiments.graph.client import switch, words
from buildlab.experiments.graph.foreign import platforms
from buildlab.experiments.graph.instructions import binds, heredocs
from buildlab.experiments.graph.shapes import (
    STAGES,
    dockerfile,
    in_words,
    language,
    legacy,
    lengths,
    ran,
    skipped,
    stages,
    twins,
)

__all__ = [
    "STAGES",
    "binds",
    "dockerfile",
    "heredocs",
    "in_words",
    "language",
    "legacy",
    "lengths",
    "platforms",
    "ran",
    "skipped",
    "stages",
    "switch",
    "twins",
    "words",
]
