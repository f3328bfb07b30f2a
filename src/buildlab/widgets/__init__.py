"""What a notebook shows while something happens, and what it asks. Each has a plain twin."""

from buildlab.widgets.cells import CellPredictions, CellsResult, predict_cells
from buildlab.widgets.choice import Answer, Question, ask
from buildlab.widgets.grid import EditPredictions, GridResult, predict_edits
from buildlab.widgets.kernel import frames_look_alike
from buildlab.widgets.live import activate
from buildlab.widgets.predict import Prediction, predict
from buildlab.widgets.prediction import Result

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
    "frames_look_alike",
    "predict",
    "predict_cells",
    "predict_edits",
]
