"""Builds: `build()` runs one and returns its record; observers see it while it runs."""

from buildlab.build.command import Output
from buildlab.build.observer import Observer, WaitingObserver, observe_always, observing
from buildlab.build.run import build

__all__ = ["Observer", "Output", "WaitingObserver", "build", "observe_always", "observing"]
