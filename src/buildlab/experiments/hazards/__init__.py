"""What goes wrong with cache mounts: owners, waiting, pruning, trust."""

from buildlab.experiments.hazards.owners import (
    FLAGS,
    IDS,
    MARKED,
    PRUNES,
    REMEDIES,
    found_by,
    keeps_apart,
    marks_left,
    mount_copied,
    mount_ids,
    mount_owners,
    mounts_left,
    mounts_pruned,
    no_cache_and_mounts,
)
from buildlab.experiments.hazards.trust import (
    module_changed,
    mounts_and_compilers,
    mounts_and_settings,
    mounts_tampered,
)
from buildlab.experiments.hazards.waiting import MODES, mounts_at_once, waited

__all__ = [
    "FLAGS",
    "IDS",
    "MARKED",
    "MODES",
    "PRUNES",
    "REMEDIES",
    "found_by",
    "keeps_apart",
    "marks_left",
    "module_changed",
    "mount_copied",
    "mount_ids",
    "mount_owners",
    "mounts_and_compilers",
    "mounts_and_settings",
    "mounts_at_once",
    "mounts_left",
    "mounts_pruned",
    "mounts_tampered",
    "no_cache_and_mounts",
    "waited",
]
