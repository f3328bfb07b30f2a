"""What a notebook shows while something happens, and what it asks. Each has a plain twin."""

from buildlab.show.widgets.cells import CellPredictions, CellsResult, predict_cells
from buildlab.show.widgets.choice import Answer, Question, ask
from buildlab.show.widgets.grid import EditPredictions, GridResult, predict_edits
from buildlab.show.widgets.live import activate
from buildlab.show.widgets.predict import Prediction, predict
from buildlab.show.widgets.prediction import Result

__all__ = [
    "Answer",
    "CellPredictions",
    "CellsResult",
    "EditPredictions",
    "GridResult",
    "Prediction",
    "Question",
    "Result",
    "activate",
    "ask",
    "predict",
    "predict_cells",
    "predict_edits",
]
