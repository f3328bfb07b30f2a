"""`build()` with a stand-in for docker: what happens seldom on a real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.builds.lock import measuring
from buildlab.engine.model import Engine
from buildlab.errors import DiskFull, EngineError
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.record.store import load

STARTED = {"digest": "sha256:a", "name": "[2/2] RUN make", "started": "2026-01-01T00:00:00Z"}
RUNNING = json.dumps({"vertexes": [STARTED]})
RAN = json.dumps({"vertexes": [{**STARTED, "completed": "2026-01-01T00:00:01Z"}]})
SNAPSHOT = "ERROR: failed to build: failed to solve: parent snapshot sha256:b does not exist"


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "home"))
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


def engine(tmp_path: Path, script: str) -> Engine:
    """An engine whose `docker buildx` is a shell script; `$n` counts its runs."""
    program = tmp_path / "buildx"
    counted = f"n=$(cat {tmp_path}/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > {tmp_path}/n"
    program.write_text(f"#!/bin/sh\n{counted}\n{script}\n")
    program.chmod(0o755)
    return Engine("docker", EngineInfo("docker"), ("docker",), (str(program),), {}, "default", "s1")


def says(*lines: str) -> str:
    return "\n".join(f"echo '{line}' >&2" for line in lines)


def test_lost_snapshot_is_retried_once_and_told(context: Path, tmp_path: Path) -> None:
    """The engine's rare store fault costs a second run, and the record says so."""
    lab = engine(tmp_path, f"[ $n = 1 ] && {{ {says(RUNNING, SNAPSHOT)}\nexit 1; }}\n{says(RAN)}")
    record = build(context, engine=lab)
    assert record.ok
    assert [w.rule for w in record.warnings] == ["retried"]
    assert "parent snapshot" in record.warnings[0].message


def test_lost_snapshot_twice_is_a_failed_build(context: Path, tmp_path: Path) -> None:
    """There is no third run."""
    record = build(context, engine=engine(tmp_path, f"{says(RUNNING, SNAPSHOT)}\nexit 1"))
    assert not record.ok
    assert (tmp_path / "n").read_text().strip() == "2"


def test_engine_that_dies_is_named_and_what_was_seen_is_saved(
    context: Path, tmp_path: Path
) -> None:
    """The error names the step that ran, its note a record that loads."""
    died = "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable"
    with pytest.raises(EngineError, match=r"while it ran \[2\] RUN make") as caught:
        build(context, engine=engine(tmp_path, f"{says(RUNNING, died)}\nexit 1"))
    kept = load(caught.value.__notes__[0].rpartition(" ")[2])
    assert kept.failure is not None
    assert "stopped answering" in kept.failure.message
    assert kept.steps[0].state is State.NOT_REACHED


def test_full_disk_has_a_remedy(context: Path, tmp_path: Path) -> None:
    """An engine without space is told as such, with what to type."""
    full = "ERROR: failed to build: failed to solve: write /x: no space left on device"
    with pytest.raises(DiskFull, match="no space left on the engine's disk") as caught:
        build(context, engine=engine(tmp_path, f"{says(RUNNING, full)}\nexit 1"))
    assert "buildlab clean" in caught.value.hint


def test_unknown_events_and_noise_are_passed_over(context: Path, tmp_path: Path) -> None:
    """What a newer docker adds to the stream costs nothing."""
    noise = ('{"novel": [1]}', "[]", "null", "not json at all", '{"vertexes": [{}]}')
    assert build(context, engine=engine(tmp_path, says(*noise, RAN))).ok


def test_client_that_is_not_there_is_named(context: Path, tmp_path: Path) -> None:
    """A docker command that was removed since the engine was found."""
    lab = engine(tmp_path, "true")
    (tmp_path / "buildx").unlink()
    with pytest.raises(EngineError, match="can't be run"):
        build(context, engine=lab)


def test_observer_hears_of_each_end(context: Path, tmp_path: Path) -> None:
    """`finished` comes for a build that can't be returned, too."""
    seen: list[BuildRecord] = []

    class Watcher:
        def started(self, command: tuple[str, ...], title: str) -> None: ...

        def progressed(self, progress: object) -> None: ...

        def finished(self, record: BuildRecord) -> None:
            seen.append(record)

    died = "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable"
    with pytest.raises(EngineError):
        build(
            context, engine=engine(tmp_path, f"{says(RUNNING, died)}\nexit 1"),
            observers=[Watcher()],
        )  # fmt: skip
    assert [r.ok for r in seen] == [False]


def test_lock_of_another_engine_is_no_obstacle(tmp_path: Path) -> None:
    """Only builds of one engine wait for each other."""
    with (
        measuring(tmp_path, "a", waiting=print, timeout_s=1),
        measuring(tmp_path, "b", waiting=print, timeout_s=1),
    ):
        pass


def test_what_a_killed_build_left_is_gone_with_the_next(tmp_path: Path) -> None:
    """The folder for a build's metadata, which may hold secrets, is private, and never piles up."""
    with measuring(tmp_path, "a", waiting=print, timeout_s=1) as scratch:
        pass
    assert not scratch.exists()
    scratch.mkdir()
    (scratch / "metadata.json").write_text("of a killed build")
    with measuring(tmp_path, "a", waiting=print, timeout_s=1) as scratch:
        assert list(scratch.iterdir()) == []
        assert scratch.stat().st_mode & 0o777 == 0o700
