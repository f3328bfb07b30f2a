"""The same image twice, what an image says of itself, and what checkers find."""

from buildlab.experiments.reproducible.attested import (
    HELD,
    MODES,
    held,
    listed,
    provenance,
    sentences,
    which_named,
)
from buildlab.experiments.reproducible.checks import FAULTS, TOOLS, findings, found, told
from buildlab.experiments.reproducible.remedies import PARTS, WAYS, same, twice
from buildlab.experiments.reproducible.scanned import trivy

__all__ = [
    "FAULTS",
    "HELD",
    "MODES",
    "PARTS",
    "TOOLS",
    "WAYS",
    "findings",
    "found",
    "held",
    "listed",
    "provenance",
    "same",
    "sentences",
    "told",
    "trivy",
    "twice",
    "which_named",
]
