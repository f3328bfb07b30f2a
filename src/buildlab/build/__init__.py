"""Builds: `build()` runs one and returns its record; observers see it while it runs."""

from buildlab.build.command import Output
from buildlab.build.lock import between_builds
from buildlab.build.observer import Observer, WaitingObserver, observe_always, observing
from buildlab.build.run import build

__all__ = [
    "Observer",
    "Output",
    "WaitingObserver",
    "between_builds",
    "build",
    "observe_always",
    "observing",
]
