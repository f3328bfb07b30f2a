"""One build as it is to run, and what came of running it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from buildlab import replay
from buildlab.builds.aftermath import Underway
from buildlab.builds.asked.source import Source
from buildlab.builds.client import process
from buildlab.builds.observer import Audience
from buildlab.builds.trouble import faults
from buildlab.builds.trouble.notes import Notes
from buildlab.builds.trouble.suspect import Doubt
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.steps import BuildWarning, Files


@dataclass(frozen=True, slots=True)
class Results:
    """Where results go that the user wants elsewhere than in an engine."""

    stdout: int | None = None
    """The file descriptor for a result on standard output."""
    metadata: Path | None = None
    """The metadata file of the user's."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one build is made from. `argv` runs, `shown` is told; `metadata` is the kit's file."""

    engine: Engine
    source: Source
    flags: tuple[str, ...]
    title: str
    argv: tuple[str, ...]
    shown: tuple[str, ...]
    metadata: Path
    mask: tuple[str, ...]
    timeout_s: float
    audience: Audience
    notes: Notes
    underway: Underway
    doubt: Doubt
    files: Files | None = None
    """What the client can send."""
    unreadable: tuple[str, ...] = ()
    """Files of the context that the client can't read."""
    limits: tuple[str, ...] = ()
    """What of the secrets is not looked for, in words."""
    results: Results = Results()


@dataclass(slots=True)
class Attempt:
    """What came of running the client once."""

    record: BuildRecord
    outcome: process.Outcome
    ending: faults.Ending
    lines: list[replay.Line] = field(default_factory=list)
    metadata: Mapping[str, Any] | None = None
    """What the client's metadata file says; None where there is none, as after a failure."""


def warned(record: BuildRecord, rule: str, message: str) -> BuildRecord:
    """The record with one more warning."""
    return replace(record, warnings=(*record.warnings, BuildWarning(rule, message)))
