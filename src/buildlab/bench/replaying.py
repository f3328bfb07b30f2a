"""Experiments: whole runs, recorded and replayed by the experiment's name and arguments."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from buildlab.bench import evidence
from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.store import from_dict
from buildlab.replay import files
from buildlab.replay.state import active, inside_experiment, recording
from buildlab.replay.state import experiment as recorded

P = ParamSpec("P")
R = TypeVar("R")


class Stored(Protocol):
    """What an experiment returns: it turns into plain JSON data and back."""

    def to_dict(self) -> dict[str, Any]: ...

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Any: ...


def replayable(experiment: Callable[P, R]) -> Callable[P, R]:
    """Decorates an experiment: in replay it returns the recorded runs, and builds nothing.

    What a real run found is kept as evidence.

    The function must be annotated with what it returns, a class with `to_dict` and `from_dict`.
    """

    @functools.wraps(experiment)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not active() and (not recording() or inside_experiment()):
            runs = experiment(*args, **kwargs)
            evidence.keep(experiment, args, kwargs, runs)
            return runs
        bound = inspect.signature(experiment).bind(*args, **kwargs)
        bound.apply_defaults()
        name = f"{experiment.__module__.rpartition('.')[2]}.{experiment.__qualname__}"
        what = f"{name}\0{files.normal_arguments(bound.arguments)}"
        if active():
            path = files.find("experiment", what, 1)
            if path is None:
                raise files.missing(f"the experiment {experiment.__name__}")
            kind: Any = typing.get_type_hints(experiment)["return"]
            return typing.cast(R, kind.from_dict(files.load(path)["value"]))
        with recorded():
            runs = experiment(*args, **kwargs)
        evidence.keep(experiment, args, kwargs, runs)
        value = typing.cast(Stored, runs).to_dict()
        folder = Path(Settings.from_env().record) / "experiments"
        files.dump(
            folder / files.name("experiment", name, what, 1),
            _engine_in(value),
            {"value": value},
        )
        return runs

    return run


def _engine_in(value: object) -> EngineInfo:
    """The engine of the first record in an experiment's data."""
    for record in files.records(value):
        return from_dict(record).engine
    return EngineInfo("unknown")
