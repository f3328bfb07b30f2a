"""Sharing the build cache with another machine: ways, terms, and who may write."""

from buildlab.experiments.sharing.machines import (
    exports,
    fetched_after_edit,
    second_machines,
    spared,
    states_by_way,
)
from buildlab.experiments.sharing.pushes import pulled, shared
from buildlab.experiments.sharing.terms import (
    cache_commands,
    compression,
    foreign_cache,
    quicker,
    verdict,
)
from buildlab.experiments.sharing.ways import CROSSED, WAYS, dockerfile

__all__ = [
    "CROSSED",
    "WAYS",
    "cache_commands",
    "compression",
    "dockerfile",
    "exports",
    "fetched_after_edit",
    "foreign_cache",
    "pulled",
    "quicker",
    "second_machines",
    "shared",
    "spared",
    "states_by_way",
    "verdict",
]
