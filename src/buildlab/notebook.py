"""What a lesson imports in its third cell: `from buildlab.notebook import *`.

Brings the names that lessons use, and lets every build of this notebook show itself live.
Plots come in two forms: `show.waterfall(record)` ends a cell with picture, sentence and table;
`plot.waterfall(record, ax)` draws on axes of one's own.
"""

import atexit
from contextlib import AbstractContextManager, ExitStack

from buildlab import errors, experiments, replay
from buildlab.bench.bench import Bench
from buildlab.bench.edits import Edit
from buildlab.bench.sample import Service, service
from buildlab.builds import build
from buildlab.builds.workspace import workspace
from buildlab.engine import engine
from buildlab.host.settings import program
from buildlab.record.compare import compare
from buildlab.record.store import load, save
from buildlab.setup import doctor
from buildlab.show import formatters, plot, tables
from buildlab.show.plot import show
from buildlab.show.widgets import activate, ask, predict, predict_cells, predict_edits
from buildlab.show.widgets.workbench import open_lab

__all__ = [
    "Edit",
    "ask",
    "build",
    "compare",
    "doctor",
    "engine",
    "experiments",
    "lesson",
    "load",
    "open_bench",
    "open_lab",
    "open_service",
    "plot",
    "predict",
    "predict_cells",
    "predict_edits",
    "save",
    "show",
    "tables",
    "workspace",
]

_open = ExitStack()
atexit.register(_open.close)


def lesson(name: str) -> None:
    """Say which lesson this is: in replay its own recordings are looked at first."""
    replay.lesson(name)


def open_service() -> Service:
    """A private copy of the sample service for this notebook, removed when its kernel ends."""
    return _open.enter_context(service())


def open_bench(bench: AbstractContextManager[Bench]) -> Bench:
    """A bench of `experiments`, with its baseline built; removed when the kernel ends."""
    return _open.enter_context(bench)


errors.speak_as(program("./lab"))  # what learners have, whoever started this kernel
activate()
formatters.register()
