"""Builds: `build()` runs one and returns its record; observers see it while it runs."""

from buildlab.builds.asked.command import Output
from buildlab.builds.lock import between_builds
from buildlab.builds.observer import Observer, WaitingObserver, observe_always, observing
from buildlab.builds.run import build

__all__ = [
    "Observer",
    "Output",
    "WaitingObserver",
    "between_builds",
    "build",
    "observe_always",
    "observing",
]
