"""Pipelines: a sample is measured, a month is drawn from it."""

from buildlab.experiments.ci.month import (
    CHANGES,
    HISTORY,
    STRATEGIES,
    beside_published,
    best_change,
    compiled_all,
    cost,
    draw,
    month_sample,
    pipeline,
)

__all__ = [
    "CHANGES",
    "HISTORY",
    "STRATEGIES",
    "beside_published",
    "best_change",
    "compiled_all",
    "cost",
    "draw",
    "month_sample",
    "pipeline",
]
