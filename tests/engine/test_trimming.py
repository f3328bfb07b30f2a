"""The build cache is trimmed between builds, and by nobody else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from buildlab.builds import between_builds, build
from buildlab.cli._parts import Parts
from buildlab.engine import pruning, trimming
from buildlab.engine.docker import buildkitd
from buildlab.engine.embedded import shared
from buildlab.engine.trimming import Trim
from buildlab.errors import TimedOut
from buildlab.host.paths import Home
from buildlab.host.settings import Settings
from buildlab.record.steps import State
from buildlab.setup import prepare
from buildlab.setup.parts import Part


class Disk(NamedTuple):
    free: int


def test_buildkits_collector_is_off(private: Settings) -> None:
    """It would give a step an empty cache mount while it measures the one that the step wants."""
    engine = shared.ensure(private)
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
    engine = shared.ensure(private)

    def states() -> list[State]:
        record = build(busybox_context, engine=engine, output="cache").require_ok()
        return list(record.states().values())

    states()
    trimming.trim(engine, trimming.FULL)
    assert set(states()) == {State.CACHED}
    trimming.trim(engine, trimming.OLD)
    assert set(states()) == {State.CACHED}
    trimming.trim(engine, Trim("--max-used-space=1KB", ""))
    assert State.RAN in states()


def test_no_build_runs_while_the_cache_is_trimmed(
    private: Settings, busybox_context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build waits for what holds the engine between builds."""
    monkeypatch.setattr("buildlab.builds.run.TIMEOUT_S", 1.0)
    engine = shared.ensure(private)
    with (
        between_builds(engine, print),
        pytest.raises(TimedOut, match="waited 1 s for another build"),
    ):
        build(busybox_context, engine=engine, output="cache", timeout_s=1)


@pytest.mark.parametrize("what", [trimming.FULL, trimming.OLD, None])
def test_set_up_trims_where_it_is_due(
    what: Trim | None,
    private: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says so in a line, with the reason; else it does nothing, and says nothing."""
    engine = shared.ensure(private)

    def due(_: Home) -> Trim | None:
        return what

    monkeypatch.setattr(trimming, "due", due)
    prepare.trim_cache(engine, Part("Build cache", Parts(Console())))
    said = capsys.readouterr().out
    assert (f"0B deleted, {what.why}" in said) if what else not said


def test_trimming_that_takes_too_long_stops_nobody(
    private: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Set-up goes on where deleting takes minutes; what is left goes the next time."""
    engine = shared.ensure(private)
    monkeypatch.setattr(trimming, "due", lambda _: trimming.OLD)
    monkeypatch.setattr(pruning, "TIMEOUT_S", 0.001)
    prepare.trim_cache(engine, Part("Build cache", Parts(Console())))
    assert "the rest next time" in capsys.readouterr().out


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Let the disk have this much room."""

    def disk_usage(_: Any) -> Disk:
        return Disk(free)

    monkeypatch.setattr(trimming.shutil, "disk_usage", disk_usage)


@pytest.mark.parametrize(("free", "due"), [(19 * 10**9, trimming.FULL), (21 * 10**9, None)])
def test_due_on_a_disk_that_gets_full(
    free: int, due: Trim | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set-up trims where little room is left, and spares everybody else the wait."""
    with_free(monkeypatch, free)
    assert trimming.due(Home(tmp_path, tmp_path)) is due


@pytest.mark.parametrize(("limit", "due"), [(0, trimming.OLD), (1000, None)])
def test_due_in_an_engine_with_many_snapshots(
    limit: int,
    due: Trim | None,
    private: Settings,
    busybox_context: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each snapshot makes the next start of the engine longer, until it takes minutes."""
    engine = shared.ensure(private)
    build(busybox_context, engine=engine, output="cache").require_ok()
    with_free(monkeypatch, 10**12)
    monkeypatch.setattr(trimming, "MANY", limit)
    assert trimming.due(private.paths) is due
