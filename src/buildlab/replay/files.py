"""Recordings as files: how one is named, found, written and read."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from buildlab import loading
from buildlab.errors import RecordError, UsageError
from buildlab.host.settings import Settings
from buildlab.record.engineinfo import EngineInfo

FORMAT = 1
SHIPPED = Path(__file__).parents[1] / "recordings"


class Line(NamedTuple):
    """One raw event line, and when it came: seconds since the client's start."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A recording's file: a build's record with its events, or what an experiment returned."""

    recorded: str
    value: dict[str, Any]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class _Versioned:
    """What is asked of a file before all else."""

    format: int


_lesson = "any"
_occurrences: Counter[str] = Counter()


def lesson(name: str) -> None:
    """Look first among the recordings of this lesson, and count occurrences anew."""
    global _lesson  # noqa: PLW0603 (a process runs one lesson: its notebook's kernel)
    _lesson = re.sub(r"\W+", "-", name).strip("-") or "any"
    _occurrences.clear()


def folder_of(root: Path) -> Path:
    """Where below `root` this lesson's recordings go."""
    return root / _lesson


def normal(flags: Sequence[str]) -> str:
    """Flags without what differs from run to run: folders, ports, random tokens."""
    text = " ".join(str(f) for f in flags)
    text = text.replace(str(Settings.from_env().home), "~").replace(str(Path.home()), "~")
    text = re.sub(r"(?<![\w.~])/(?:[^\s/,=]+/)+", "/…/", text)
    text = re.sub(r"(?<=:)\d{4,5}\b", "#", text)
    return re.sub(r"\b[0-9a-f]{8,}\b", "#", text)


def normal_arguments(arguments: Mapping[str, object]) -> str:
    """Arguments that choose what is run; an engine or observers only say where and who looks."""
    parts = []
    for name, value in arguments.items():
        if name in ("engine", "observers", "mask", "timeout_s"):
            continue
        told = Path(value).name if isinstance(value, os.PathLike) else repr(value)
        parts.append(f"{name}={normal([told])}")
    return ",".join(parts)


def count(what: str) -> int:
    _occurrences[what] += 1
    return _occurrences[what]


def name(kind: str, title: str, what: str, occurrence: int) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
    digest = hashlib.sha256(f"{kind}\0{what}".encode()).hexdigest()[:10]
    return f"{slug}-{digest}-{occurrence}.json.gz"


def find(kind: str, what: str, occurrence: int) -> Path | None:
    """The recording: of this lesson if there is one, of the last occurrence if there are fewer
    (a cell that is run again)."""
    digest = hashlib.sha256(f"{kind}\0{what}".encode()).hexdigest()[:10]
    own = Settings.from_env().replay
    if "/" in own and not Path(own).is_dir():
        raise UsageError(
            f"BUILDLAB_REPLAY names a folder that is not there: {own}",
            "export BUILDLAB_REPLAY=1 (the recordings that come with buildlab)",
        )
    roots = [Path(own)] if "/" in own else [SHIPPED]
    for root in roots:
        for folder in (root / _lesson, *sorted(p for p in root.glob("*") if p.is_dir())):
            found = {
                int(p.name.split("-")[-1].split(".")[0]): p for p in folder.glob(f"*-{digest}-*")
            }
            if found:
                return found.get(occurrence, found[max(found)])
    return None


def dump(path: Path, engine: EngineInfo, data: dict[str, Any]) -> Path:
    """Write a recording; folders of this machine are taken out of its text."""
    whole = {"format": FORMAT, "recorded": recorded_on(engine), **data}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    for folder, name in (
        (Settings.from_env().home, "~/.cache/buildlab"),
        (Path.cwd(), "."),
        (Path.home(), "~"),
    ):
        if folder != Path("/"):
            text = text.replace(json.dumps(str(folder))[1:-1], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def load(path: Path) -> Saved:
    """A recording, each record in it marked with where and when it was recorded.

    Raises RecordError where it is damaged or of a newer format.
    """
    with loading.needed(f"the recording {path} is damaged", "install buildlab again", RecordError):
        data = loading.from_file(dict[str, Any], path)
        if loading.from_data(_Versioned, data).format > FORMAT:
            raise RecordError(f"{path} is of a newer format", "update buildlab")
        saved = loading.from_data(Saved, data)
    for record in records(saved.value):
        record["recorded"] = saved.recorded
    return saved


def records(value: object) -> Iterator[dict[str, Any]]:
    """All records in plain data."""
    if isinstance(value, dict):
        if "schema_version" in value:
            yield value
        else:
            for part in value.values():
                yield from records(part)
    elif isinstance(value, list):
        for part in value:
            yield from records(part)


def recorded_on(engine: EngineInfo) -> str:
    version = f" {engine.engine_version}" if engine.engine_version else ""
    cpus = f", {engine.cpus} CPUs" if engine.cpus else ""
    return f"recorded on {datetime.now(UTC):%Y-%m-%d}, {engine.kind} engine{version}{cpus}"


def missing(what: str) -> RecordError:
    return RecordError(
        f"{what} was not recorded",
        "run it for real where there is an engine: unset BUILDLAB_REPLAY",
    )
