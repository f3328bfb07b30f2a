"""What cache mounts are worth, where they must lie, and what is in them."""

from buildlab.experiments.cache_mounts.no_ops import MISTAKES, loud, silent_no_op
from buildlab.experiments.cache_mounts.places import (
    as_published,
    download_writes_to,
    fresh_compiles,
    inside_mounts,
    mounts_on_a_fresh_machine,
    recipe,
    where_go_writes,
    who_writes_where,
)
from buildlab.experiments.cache_mounts.steps import caches, secret_mounts
from buildlab.experiments.cache_mounts.worth import (
    EDITS,
    compiled_all,
    crossed,
    fewer_fetched,
    work,
)
from buildlab.experiments.programs.harbour import MOUNTS, dockerfile

__all__ = [
    "EDITS",
    "MISTAKES",
    "MOUNTS",
    "as_published",
    "caches",
    "compiled_all",
    "crossed",
    "dockerfile",
    "download_writes_to",
    "fewer_fetched",
    "fresh_compiles",
    "inside_mounts",
    "loud",
    "mounts_on_a_fresh_machine",
    "recipe",
    "secret_mounts",
    "silent_no_op",
    "where_go_writes",
    "who_writes_where",
    "work",
]
