"""The build cache is trimmed between builds, and by nobody else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from buildlab.build import between_builds, build
from buildlab.cli import start
from buildlab.engine import buildkitd, embedded, trimming
from buildlab.engine.settings import Settings
from buildlab.errors import TimedOut
from buildlab.record import State


class Disk(NamedTuple):
    free: int


def test_buildkits_collector_is_off(private: Settings) -> None:
    """It would give a step an empty cache mount while it measures the one that the step wants."""
    engine = embedded.ensure(private)
    told = subprocess.run(
        [*engine.buildx, "inspect", engine.builder],
        env=engine.child_env(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "BuildKit version" in told
    assert "GC Policy" not in told
    assert "gc = false" in buildkitd.render(buildkitd.Registries())


def test_trimming_keeps_what_there_is_room_for(private: Settings, busybox_context: Path) -> None:
    """With room nothing goes; without it, steps run again."""
    engine = embedded.ensure(private)

    def states() -> list[State]:
        record = build(busybox_context, engine=engine, output="cache").require_ok()
        return list(record.states().values())

    states()
    trimming.trim(engine)
    assert set(states()) == {State.CACHED}
    trimming.trim(engine, "1KB")
    assert State.RAN in states()


def test_no_build_runs_while_the_cache_is_trimmed(
    private: Settings, busybox_context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build waits for what holds the engine between builds."""
    monkeypatch.setattr("buildlab.build.run.TIMEOUT_S", 1.0)
    engine = embedded.ensure(private)
    with (
        between_builds(engine, print),
        pytest.raises(TimedOut, match="waited 1 s for another build"),
    ):
        build(busybox_context, engine=engine, output="cache", timeout_s=1)


@pytest.mark.parametrize("full", [True, False])
def test_set_up_trims_where_the_disk_gets_full(
    full: bool,
    private: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says so in a line; with room on the disk it does nothing, and says nothing."""
    engine = embedded.ensure(private)

    def due(_: Path) -> bool:
        return full

    monkeypatch.setattr(trimming, "due", due)
    start.trim_cache(engine)
    said = capsys.readouterr().out
    assert ("0B deleted, the disk gets full" in said) is full
    assert bool(said) is full


@pytest.mark.parametrize(("free", "due"), [(19 * 10**9, True), (21 * 10**9, False)])
def test_due_on_a_disk_that_gets_full(
    free: int, due: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set-up trims where little room is left, and spares everybody else the wait."""

    def disk_usage(_: Any) -> Disk:
        return Disk(free)

    monkeypatch.setattr(trimming.shutil, "disk_usage", disk_usage)
    assert trimming.due(tmp_path) is due
