"""Engines whose folder was deleted or damaged under them, and resets that were killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.engine import clean, status
from buildlab.engine.embedded import instance, seen, shared
from buildlab.host.process import wait_until
from buildlab.host.settings import Settings
from tests.engine.test_embedded import start_elsewhere
from tests.engine.traces import Traces

Loss = Callable[[Settings], None]


def home(settings: Settings) -> None:
    shutil.rmtree(settings.home)


def state_folder(settings: Settings) -> None:
    shutil.rmtree(settings.paths.engine)


def data(settings: Settings) -> None:
    shutil.rmtree(settings.paths.engine / "data")


def sockets(settings: Settings) -> None:
    shutil.rmtree(settings.paths.engine / "sock")


def damaged(settings: Settings) -> None:
    (settings.paths.engine / "instance.json").write_text("{")


def exchanged(settings: Settings) -> None:
    settings.paths.engine.rename(settings.home / "away")


@pytest.fixture
def running(
    private: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Settings, instance.Instance, Traces]]:
    """A private engine that runs, with its traces on the host; none is left, whatever was lost."""
    monkeypatch.setenv("BUILDLAB_HOME", str(private.home))
    shared.ensure(private)
    found = shared.find(private)
    assert found is not None
    traces = Traces.of(found)
    yield private, found, traces
    found.stop()
    assert not traces.left()


LOSSES = [home, state_folder, data, sockets, damaged, exchanged]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_start_replaces_an_engine_that_lost_its_folder(
    loss: Loss, running: tuple[Settings, instance.Instance, Traces], busybox_context: Path
) -> None:
    """It is found by what it is, ended, and one that builds is there in its place."""
    settings, lost, _ = running
    loss(settings)
    assert shared.find(settings) is None
    assert shared.status(settings).lost
    engine = shared.ensure(settings)
    # The new one may have got the same namespace numbers.
    assert not any(p.alive() for p in (lost.init, lost.supervisor, lost.uplink))
    build(busybox_context, engine=engine, output="cache").require_ok()


@pytest.mark.parametrize("end", [shared.stop, shared.reset, clean.clean])
@pytest.mark.parametrize("loss", [home, state_folder, exchanged])
def test_an_engine_without_its_folder_is_ended(
    loss: Loss,
    end: Callable[[Settings], object],
    running: tuple[Settings, instance.Instance, Traces],
) -> None:
    """Stop, reset and clean end it; nothing of it is left."""
    settings, _, traces = running
    loss(settings)
    assert end(settings) is not False
    assert traces.left() == []
    assert not shared.status(settings).lost


def test_status_says_what_is_lost(
    running: tuple[Settings, instance.Instance, Traces], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that the processes run, and how to end them; it starts and makes nothing."""
    settings, _, traces = running
    monkeypatch.setenv("BUILDLAB_ENGINE", "embedded")
    home(settings)
    found = status.status(Settings(settings.home, "embedded", packages_dir=settings.packages_dir))
    assert "buildlab engine stop" in found.trouble
    assert not settings.home.exists()
    assert traces.left()


def test_only_engines_of_the_folder_are_found(
    running: tuple[Settings, instance.Instance, Traces],
) -> None:
    """Another home's engine, or a process that merely names the folder, is not taken for it."""
    settings, found, _ = running
    (only,) = seen.engines(settings.paths.engine)
    assert (only.init, only.supervisor, only.uplink) == (found.init, found.supervisor, found.uplink)
    assert only.address == found.address
    assert not list(seen.engines(settings.home / "engin"))
    assert not list(seen.engines(settings.home))


RESET = (
    "from buildlab.engine.embedded import shared; print('reset', flush=True); shared.reset();"
    "print('done', flush=True)"
)


@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_reset_leaves_a_whole_store_or_none(
    delay_s: float,
    number: signal.Signals,
    private: Settings,
    busybox_context: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed at any moment; the next engine builds right, and what was left half goes."""
    monkeypatch.setenv("BUILDLAB_HOME", str(private.home))
    build(busybox_context, engine=shared.ensure(private), output="cache").require_ok()
    starter = start_elsewhere(private, RESET)
    assert starter.stdout is not None
    starter.stdout.readline()
    wait_until(lambda: False, delay_s)
    os.kill(starter.pid, number)
    starter.communicate(timeout=60)
    build(busybox_context, engine=shared.ensure(private), output="cache").require_ok()
    assert not [p.name for p in private.home.iterdir() if "deleted" in p.name]
