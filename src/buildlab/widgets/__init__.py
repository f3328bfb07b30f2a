"""What a notebook shows while something happens, and what it asks. Each has a plain twin."""

from buildlab.widgets.grid import EditPredictions, GridResult, predict_edits
from buildlab.widgets.kernel import frames_look_alike
from buildlab.widgets.live import activate
from buildlab.widgets.predict import Prediction, predict
from buildlab.widgets.prediction import Result

__all__ = [
    "EditPredictions",
    "GridResult",
    "Prediction",
    "Result",
    "activate",
    "frames_look_alike",
    "predict",
    "predict_edits",
]
