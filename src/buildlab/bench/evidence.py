"""Kept results of experiments, so that none is run again to learn what one already says.

Whenever an experiment (`experiment`) has run, its result is kept in BUILDLAB_EVIDENCE,
or in the kit's home. Lessons always measure. Tests and the claims ledger ask `measured`, which
takes what a lesson found a moment ago: of the same code, on an engine of the same versions,
not older than a day.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from buildlab import engine as engines
from buildlab import loading, replay
from buildlab.errors import EngineError, RecordError
from buildlab.host import private
from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
FORMAT = 1
MAX_AGE = timedelta(days=1)


class Declared(Protocol[R_co]):
    """An experiment, as far as evidence knows it; see `bench.experiment`."""

    name: str

    def __call__(self, *args: Any, **kwargs: Any) -> R_co: ...

    def called(self, args: Any, kwargs: Any) -> str: ...

    def digest(self) -> str: ...

    @property
    def returns(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Kept(Generic[R]):
    """A result of an experiment, when it was measured (UTC, ISO 8601) and on which engine."""

    value: R
    measured_at: str
    engine: EngineInfo
    reused: bool


@dataclass(frozen=True, slots=True)
class _Saved:
    """A file of evidence; `value` is what the experiment's result made of itself."""

    format: int
    measured_at: datetime
    engine: EngineInfo
    value: Mapping[str, Any]

    def good(self) -> bool:
        """Whether a new run would say the same."""
        zoned = self.format == FORMAT and self.measured_at.tzinfo is not None
        young = zoned and _now() - self.measured_at <= MAX_AGE
        return young and _versions(self.engine) == _versions(_current())


def measured(experiment: Declared[R], *args: Any, **kwargs: Any) -> R:
    """The experiment's result: what is kept of it, else measured now."""
    return measure(experiment, *args, **kwargs).value


def measure(experiment: Declared[R], *args: Any, fresh: bool = False, **kwargs: Any) -> Kept[R]:
    """As `measured`, with the origin of the result; with `fresh`, kept results are not used.

    Raises what the experiment raises.
    """
    if not fresh and (found := find(experiment, *args, **kwargs)) is not None:
        return found
    value = experiment(*args, **kwargs)
    return Kept(value, _written(_now()), _engine_of(value), reused=False)


def find(experiment: Declared[R], *args: Any, **kwargs: Any) -> Kept[R] | None:
    """What is kept of the experiment with these arguments and is as good as a new run."""
    if replay.active():
        return None
    saved = loading.kept(_Saved, _path(experiment, args, kwargs))
    if saved is None or not saved.good():
        return None
    try:
        value = experiment.returns.from_dict(saved.value)
    except RecordError:
        return None  # damaged, so it is measured again
    return Kept(value, _written(saved.measured_at), saved.engine, reused=True)


def keep(
    experiment: Declared[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], value: Any
) -> None:
    """Keep a result. A full disk or a read-only home is no reason to lose the result itself."""
    data = {
        "format": FORMAT,
        "measured_at": _written(_now()),
        "engine": asdict(_engine_of(value)),
        "value": value.to_dict(),
    }
    path = _path(experiment, args, kwargs)
    settings = Settings.from_env()
    with suppress(OSError, EngineError):
        if settings.evidence_dir is None:
            settings.paths.make(path.parent)
        private.make_folder(path.parent)
        private.write(path, gzip.compress(json.dumps(data).encode(), compresslevel=1))


def _path(experiment: Declared[Any], args: Any, kwargs: Any) -> Path:
    what = f"{experiment.name}\0{experiment.called(args, kwargs)}\0{experiment.digest()}"
    digest = hashlib.sha256(what.encode()).hexdigest()[:12]
    return Settings.from_env().evidence / f"{experiment.name}-{digest}.json.gz"


def _engine_of(value: Any) -> EngineInfo:
    records: Mapping[str, Any] = getattr(value, "records", {})
    return next((r.engine for r in records.values()), None) or _current()


def _current() -> EngineInfo:
    return engines.current().info


def _versions(engine: EngineInfo) -> tuple[str, ...]:
    return (engine.kind, engine.engine_version, engine.buildkit_version, engine.buildx_version)


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _now() -> datetime:
    return datetime.now(UTC)
