"""How near a build gets to `go build`, and what each line of a Dockerfile is worth."""

from buildlab.experiments.limit.ablated import (
    CANDIDATES,
    KINDS,
    NAMES,
    annotated,
    broken,
    dearest,
    lasting,
    share,
    worse,
)
from buildlab.experiments.limit.ablating import ablation, numbered
from buildlab.experiments.limit.ladder import dockerfile, held, one_line, where
from buildlab.experiments.limit.turns import one_edit

__all__ = [
    "CANDIDATES",
    "KINDS",
    "NAMES",
    "ablation",
    "annotated",
    "broken",
    "dearest",
    "dockerfile",
    "held",
    "lasting",
    "numbered",
    "one_edit",
    "one_line",
    "share",
    "where",
    "worse",
]
