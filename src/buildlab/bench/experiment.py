"""Experiments: functions that build and return what they found, declared with what they use.

What a real run found is kept as evidence; in replay the recorded run is returned.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from buildlab.bench import evidence, uses
from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.store import from_dict
from buildlab.replay import files, state

P = ParamSpec("P")
R = TypeVar("R")


class Stored(Protocol):
    """What an experiment returns: it turns into plain JSON data and back.

    `from_dict` raises RecordError on data that is damaged or newer.
    """

    def to_dict(self) -> dict[str, Any]: ...

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Any: ...


class Experiment(Generic[P, R]):
    """A declared experiment. It is called as the function that it is made of.

    `name` is its folder's and its own, as in "layer_cache.order".
    """

    def __init__(self, function: Callable[P, R], declared: Sequence[str]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.uses = tuple(declared)
        self.module = function.__module__
        inside = self.module.removeprefix(f"{uses.PACKAGE}.")
        subject = inside.split(".")[0] if inside != self.module else inside.rpartition(".")[2]
        self.name = f"{subject}.{function.__name__}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if state.active():
            return self._replayed(args, kwargs)
        if not state.recording() or state.inside_experiment():
            found = self._run(args, kwargs)
        else:
            with state.experiment():
                found = self._run(args, kwargs)
            self._record(args, kwargs, found)
        return found

    def called(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """The arguments of a call, the same for each way to write it."""
        bound = inspect.signature(self.function).bind(*args, **kwargs)
        bound.apply_defaults()
        return files.normal_arguments(bound.arguments)

    def digest(self) -> str:
        """Changes with all that it uses; see `uses.digest`."""
        return uses.digest(Path(inspect.getfile(self.function)), self.uses)

    @property
    def returns(self) -> Any:
        """The class of what it returns."""
        return typing.get_type_hints(self.function)["return"]

    def _run(self, args: Any, kwargs: Any) -> R:
        with uses.only(self.name, self.uses):
            found = self.function(*args, **kwargs)
        evidence.keep(self, args, kwargs, found)
        return found

    def _what(self, args: Any, kwargs: Any) -> str:
        return f"{self.name}\0{self.called(args, kwargs)}"

    def _replayed(self, args: Any, kwargs: Any) -> R:
        path = files.find("experiment", self._what(args, kwargs), 1)
        if path is None:
            raise files.missing(f"the experiment {self.name}")
        return typing.cast(R, self.returns.from_dict(files.load(path).value))

    def _record(self, args: Any, kwargs: Any, found: Any) -> None:
        value = typing.cast(Stored, found).to_dict()
        folder = Path(Settings.from_env().record) / "experiments"
        name = files.name("experiment", self.name, self._what(args, kwargs), 1)
        files.dump(folder / name, _engine_in(value), {"value": value})


REGISTRY: dict[str, Experiment[..., Any]] = {}
"""Experiments by name, of all modules that were imported."""


def experiment(*, uses: Sequence[str] = ()) -> Callable[[Callable[P, R]], Experiment[P, R]]:
    """Declare an experiment; `uses` names programs and parts of the sample service.

    The function must be annotated with what it returns, a class with `to_dict` and `from_dict`.
    Raises ValueError where two experiments of one folder have one name.
    """

    def declare(function: Callable[P, R]) -> Experiment[P, R]:
        made = Experiment(function, uses)
        known = REGISTRY.setdefault(made.name, made)
        if known.function.__qualname__ != function.__qualname__ or known.module != made.module:
            raise ValueError(f"{known.module} and {made.module} both declare {made.name}")
        REGISTRY[made.name] = made
        return made

    return declare


def _engine_in(value: object) -> EngineInfo:
    """The engine of the first record in an experiment's data."""
    for record in files.records(value):
        return from_dict(record).engine
    return EngineInfo("unknown")
