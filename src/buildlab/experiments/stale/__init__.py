"""Old bytes in a new build: how they get there, and the cure."""

from buildlab.experiments.stale.frozen import WAYS, directory_mode, fetched, moved_tag, same_program
from buildlab.experiments.stale.refresh import no_cache
from buildlab.experiments.stale.unseen import foreign, hidden_edit

__all__ = [
    "WAYS",
    "directory_mode",
    "fetched",
    "foreign",
    "hidden_edit",
    "moved_tag",
    "no_cache",
    "same_program",
]
