"""A build whose engine fails in the middle of it ends soon; one that is only quiet goes on."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from buildlab.builds import build, observing
from buildlab.builds.trouble import vigil
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress
from tests.engine.contexts import Context, context
from tests.engine.test_build_faults import slow
from tests.engine.test_build_interrupt import building, until
from tests.engine.test_build_stuck import held_up_by_hand, own, part, running, small

__all__ = ["context", "own", "slow"]

SOON = vigil.Limits(quiet_s=0.5, answer_s=1, probe_s=2, patience_s=2)


class Troubles:
    """Hears what is wrong with the engine while a build runs."""

    def __init__(self) -> None:
        self.heard: set[str] = set()

    def started(self, command: tuple[str, ...], title: str) -> None: ...

    def progressed(self, progress: Progress) -> None:
        self.heard.add(progress.trouble)

    def finished(self, record: BuildRecord) -> None: ...


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vigil, "LIMITS", SOON)


@pytest.mark.parametrize("name", ["dockerd", "containerd"])
def test_engine_stopped_in_a_build_ends_it(slow: Context, own: Engine, name: str) -> None:
    """It is told while it lasts, the engine is blamed, not the step, and the next build works."""
    victim = part(running(own), name)
    dockerfile = slow.path / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("sleep 0.2", "sleep 20"))

    def stop() -> None:
        until(lambda: building(slow.salt), 30, "the build never began")
        os.kill(victim.pid, signal.SIGSTOP)

    stopper = threading.Thread(target=stop)
    stopper.start()
    troubles = Troubles()
    with observing(troubles), pytest.raises(EngineError) as told:
        build(slow.path, engine=own, output="cache", timeout_s=60)
    stopper.join()
    assert "stopped: the engine has not answered for" in told.value.message
    assert slow.salt in told.value.message
    assert any(t.startswith("the engine has not answered for") for t in troubles.heard)
    small(slow, own, timeout_s=20).require_ok()
    assert not building(slow.salt)


def test_engine_held_up_by_another_client_is_found_out_in_the_build(
    context: Context, own: Engine
) -> None:
    """A build by hand that a registry holds up: ours doesn't wait out its own limit."""
    with (
        held_up_by_hand(context, own),
        pytest.raises(EngineError, match=r"has taken no builds for .* was restarted"),
    ):
        small(context, own)


BUSY = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done"


@pytest.mark.parametrize("command", ["sleep 4", BUSY])
def test_quiet_step_on_a_sound_engine_is_left_alone(
    busybox_context: Path, slow: Context, lab_engine: Engine, command: str
) -> None:
    """Idle or busy, however long it says nothing, and nothing is sent to the engine for it."""
    slow.dockerfile(
        "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/sleep\n"
        f"RUN : {slow.salt}; {command}\n"
    )
    troubles = Troubles()
    with observing(troubles):
        build(slow.path, engine=lab_engine, output="cache").require_ok()
    assert troubles.heard == {""}
