"""What a lesson imports in its third cell: `from buildlab.notebook import *`.

Brings the names that lessons use, and lets every build of this notebook show itself live.
Plots come in two forms: `show.waterfall(record)` ends a cell with picture, sentence and table;
`plot.waterfall(record, ax)` draws on axes of one's own.
"""

import atexit
from contextlib import AbstractContextManager, ExitStack

from buildlab import doctor, errors, experiments, plot, replay, tables
from buildlab.build import build
from buildlab.compare import compare
from buildlab.engine import engine
from buildlab.engine.settings import program
from buildlab.experiments.bench import Bench
from buildlab.experiments.service import Service, service
from buildlab.plot import show
from buildlab.store import load, save
from buildlab.widgets import (
    activate,
    ask,
    frames_look_alike,
    predict,
    predict_cells,
    predict_edits,
)
from buildlab.workspace import Edit, workspace

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
frames_look_alike()
