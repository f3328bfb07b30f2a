"""A real build, recorded, comes back in replay with the same facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildlab import replay
from buildlab.builds import build
from buildlab.builds.workspace import workspace
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress
from buildlab.replay import files
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]


class Watcher:
    """Keeps the phases that an observer is told."""

    def __init__(self) -> None:
        self.command: tuple[str, ...] = ()
        self.phases: list[tuple[str, ...]] = []

    def started(self, command: tuple[str, ...], title: str) -> None:
        self.command = command

    def progressed(self, progress: Progress) -> None:
        self.phases.append(tuple(s.phase for s in progress.steps))

    def finished(self, record: BuildRecord) -> None:
        pass


def test_recorded_build_replays_with_the_same_facts(
    context: Context, lab_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States, times and command are the recorded ones, the live view ends where it ended."""
    context.dockerfile("FROM scratch\n")
    context.write("other.Dockerfile", f"FROM {BASE}\nRUN echo {context.salt}; sleep 0.3\n")
    flags = ("--file", "other.Dockerfile")
    shipped = tmp_path / "recordings"
    monkeypatch.setattr(files, "SHIPPED", shipped)
    monkeypatch.setenv("BUILDLAB_RECORD", str(shipped))
    replay.lesson("01")
    with workspace(context.path) as space:
        real = build(space, *flags, engine=lab_engine, output="cache").require_ok()
    monkeypatch.delenv("BUILDLAB_RECORD")
    monkeypatch.setenv("BUILDLAB_REPLAY", "1")
    replay.lesson("01")
    watcher = Watcher()
    with workspace(context.path) as space:
        back = build(space, *flags, output="cache", observers=[watcher])
    assert back.recorded.startswith("recorded on ")
    assert back.steps == real.steps
    assert replace(back, recorded="", command=(), context="") == replace(
        real, command=(), context=""
    )
    assert watcher.command == back.command
    assert watcher.phases[-1][-1] == "ran"
    assert not any(str(Path.home()) in word for word in back.command)
