"""Builds and experiments that were recorded, for machines that can't have an engine.

Off unless BUILDLAB_REPLAY is set. A recording is found by what stays the same between two runs
of a lesson: the build's title and flags (paths, ports and random tokens taken out) and which
occurrence of these it is in this process; an experiment by its name and arguments. What comes
back says when and on what it was recorded. With BUILDLAB_RECORD=FOLDER builds and experiments
run for real and leave their recordings there.

Below `builds`: it reads files and folds events, and starts nothing.
"""

from __future__ import annotations

from buildlab.replay.builds import Recording, keep_build, replayed
from buildlab.replay.files import Line, lesson
from buildlab.replay.state import active, info, recording

__all__ = [
    "Line",
    "Recording",
    "active",
    "info",
    "keep_build",
    "lesson",
    "recording",
    "replayed",
]
