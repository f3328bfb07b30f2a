"""The live view: steps appear, tick over and settle while a build runs, then stay as they are.

    end = activate()   # from now on every build of this notebook shows itself; `end()` stops it

While a build runs, only values of a widget change, on the build's reader thread. When it has
ended, plain HTML takes the widget's place, which a saved notebook and its exports keep.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from buildlab.builds.observer import observe_always
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress
from buildlab.record.words import describe, record_text
from buildlab.show.html import record_html
from buildlab.show.widgets import kernel
from buildlab.show.widgets.frame import body_html, head_html, settled_html, waiting_html

TICK_S: Final = 0.1
"""At most one change of the shown values in this time: faster is a flicker."""

OPEN_BUILDS: Final = 2
"""A cell that made more builds than this shows each as one line to open."""


class Stage:
    """The place below one cell where its builds are shown, one after another."""

    def __init__(self, show: Callable[..., Any]) -> None:
        self._show = show
        self._handle: Any = None
        self._box: Any = None
        self._settled: list[BuildRecord] = []
        self._playing: list[LiveView] = []
        self._lock = threading.RLock()

    def enter(self, view: LiveView) -> None:
        """Put a running build below those that have ended, which fold up to make room."""
        import ipywidgets as widgets

        with self._lock:
            self._playing.append(view)
            if self._box is not None:  # a build of another thread is running here
                self._box.children = (*self._box.children, *view.parts)
                return
            before = [widgets.HTML(self.settled(whole=False))] if self._settled else []
            self._box = widgets.VBox([*before, *view.parts])
            if self._handle is None:
                self._handle = self._show(self._box, display_id=True)
            else:
                self._handle.update(self._box)

    def leave(self, view: LiveView, record: BuildRecord) -> None:
        """Let a build settle; once none runs, plain HTML takes the widget's place."""
        with self._lock:
            self._playing.remove(view)
            self._settled.append(record)
            if self._playing or self._handle is None:
                return
            whole = len(self._settled) <= OPEN_BUILDS
            self._handle.update(kernel.Told(self.settled(whole=whole), self.told()))
            box, self._box = self._box, None
            kernel.close(box)

    def settled(self, *, whole: bool) -> str:
        """The ended builds as plain HTML: in full, or a line for each."""
        return settled_html(*self._settled, whole=whole)

    def told(self) -> str:
        """The ended builds as text, for exports and readers that show no HTML."""
        return "\n".join(map(record_text, self._settled))

    def shows(self, record: BuildRecord) -> bool:
        """Whether this record is on show here in full."""
        return len(self._settled) <= OPEN_BUILDS and any(r.id == record.id for r in self._settled)


class LiveView:
    """Watches one build for the learner. An `Observer`; `stage` is where it plays."""

    def __init__(self, stage: Stage, clock: Callable[[], float] = time.monotonic) -> None:
        import ipywidgets as widgets

        self._stage = stage
        self._clock = clock
        self._head: Any = widgets.HTML()
        self._body: Any = widgets.HTML()
        self._entered = False
        self._over = False
        self._changed_at = float("-inf")
        self.parts: tuple[Any, ...] = (self._head, self._body)

    def waiting(self, reason: str) -> None:
        """Say why nothing happens yet: another build of this machine is being measured."""
        self._enter()
        self._body.value = waiting_html(reason)

    def started(self, command: tuple[str, ...], title: str) -> None:
        """Show the title and the literal command, before the first event."""
        self._head.value = head_html(title, command)
        self._enter()

    def progressed(self, progress: Progress) -> None:
        """Change the shown values, on the reader thread; calls that come too soon are skipped."""
        now = self._clock()
        if self._over or now - self._changed_at < TICK_S:
            return
        self._changed_at = now
        self._body.value = body_html(progress)

    def finished(self, record: BuildRecord) -> None:
        """Settle: from here on the build is plain HTML."""
        self._over = True
        if self._entered:
            self._stage.leave(self, record)

    def _enter(self) -> None:
        if not self._entered:
            self._entered = True
            self._stage.enter(self)


class Theatre:
    """Gives every build of a notebook its stage: one for each run of a cell."""

    def __init__(self, show: Callable[..., Any]) -> None:
        self._show = show
        self._cell = ""
        self._stage: Stage | None = None

    def __call__(self) -> LiveView:
        cell = kernel.cell_id()
        if self._stage is None or cell != self._cell:
            self._cell, self._stage = cell, Stage(self._show)
        return LiveView(self._stage)

    def result(self, record: BuildRecord) -> None:
        """A record as a cell's result: nothing where the cell's live view shows it already."""
        here = self._stage is not None and kernel.cell_id() == self._cell
        if not (here and self._stage is not None and self._stage.shows(record)):
            bundle = {"text/html": record_html(record), "text/plain": describe(record)}
            self._show(bundle, raw=True)


_end: Callable[[], None] | None = None


def activate() -> Callable[[], None]:
    """Show every build of this notebook live, from now on; returns what ends that.

    Does nothing outside a Jupyter kernel, and nothing more when called again.
    """
    global _end  # noqa: PLW0603  one notebook, one live view
    shell = kernel.shell()
    if shell is None:
        return lambda: None
    if _end is not None:
        return _end
    from IPython.display import display

    theatre = Theatre(display)
    stop = observe_always(theatre)
    shell.display_formatter.ipython_display_formatter.for_type(BuildRecord, theatre.result)

    def end() -> None:
        global _end  # noqa: PLW0603
        stop()
        _end = None

    _end = end
    return end
