"""Experiments by name: what a claim may name as its judge."""

from __future__ import annotations

import difflib
import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module

from buildlab import experiments
from buildlab.bench.runs import Runs
from buildlab.errors import UsageError

Experiment = Callable[..., Runs]


def find(name: str) -> Experiment:
    """The experiment of that name, as "layer_cache.order". Raises UsageError for none."""
    module, _, function = name.rpartition(".")
    try:
        found = getattr(import_module(f"{experiments.__name__}.{module}"), function, None)
    except ModuleNotFoundError as fault:
        if not (fault.name or "").startswith(experiments.__name__):
            raise  # a library that the experiment needs is not there
        found = None
    if found is None or not _is_experiment(found):
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4) or names()[:3]
        raise UsageError(f"no experiment is called {name!r}", f"write one of: {', '.join(near)}")
    experiment: Experiment = found
    return experiment


def names() -> list[str]:
    """All experiments that give facts, sorted."""
    found = []
    for module in pkgutil.iter_modules(experiments.__path__):
        members = vars(import_module(f"{experiments.__name__}.{module.name}")).items()
        found += [f"{module.name}.{name}" for name, value in members if _is_experiment(value)]
    return sorted(found)


def _is_experiment(value: object) -> bool:
    """Whether it is a function that `replayable` decorated."""
    return inspect.isfunction(value) and hasattr(value, "__wrapped__")
