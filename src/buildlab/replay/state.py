"""Whether builds are replayed or recorded: what the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo
from buildlab.replay import files

_inside_experiment: ContextVar[bool] = ContextVar("inside_experiment", default=False)


def active() -> bool:
    """Whether builds are replayed rather than run."""
    return Settings.from_env().replaying


def recording() -> bool:
    """Whether builds that run leave a recording."""
    return bool(Settings.from_env().recording)


def info(engine: EngineInfo | None = None) -> str:
    """What tables and plots say of replayed figures; "" where builds are real."""
    if not active():
        return ""
    return "recorded" if engine is None else files.recorded_on(engine)


def inside_experiment() -> bool:
    """Whether an experiment is being recorded, of which builds are only parts."""
    return _inside_experiment.get()


@contextmanager
def experiment() -> Iterator[None]:
    """The block records an experiment."""
    token = _inside_experiment.set(True)
    try:
        yield
    finally:
        _inside_experiment.reset(token)
