"""`build()` on a real engine: records, commands, observers, outputs."""

from __future__ import annotations

import json
import shlex
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from buildlab.builds import build, observing
from buildlab.builds.workspace import workspace
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, TimedOut, UsageError
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, StepKey
from buildlab.record.store import load, save
from buildlab.record.stream import Progress
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]


class Watcher:
    """Keeps all that an observer is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.command: tuple[str, ...] = ()
        self.progress: list[Progress] = []
        self.record: BuildRecord | None = None

    def started(self, command: tuple[str, ...], title: str) -> None:
        self.calls.append("started")
        self.command = command

    def progressed(self, progress: Progress) -> None:
        self.calls.append("progressed")
        self.progress.append(progress)

    def finished(self, record: BuildRecord) -> None:
        self.calls.append("finished")
        self.record = record


def states(record: BuildRecord) -> list[State]:
    return list(record.states().values())


def test_first_build_runs_and_second_is_cached(context: Context, lab_engine: Engine) -> None:
    """The record's states are what the engine did."""
    context.dockerfile(f"FROM {BASE}\nARG SALT={context.salt}\nCOPY f /f\nRUN cat /f > /g\n")
    context.write("f", context.salt)
    first = build(context.path, engine=lab_engine, output="cache").require_ok()
    second = build(context.path, engine=lab_engine, output="cache").require_ok()
    assert states(first) == [State.RAN, State.RAN]
    assert states(second) == [State.CACHED, State.CACHED]
    assert first.step("", 3).instruction.startswith("RUN cat")
    assert first.context_bytes > second.context_bytes


def test_history_agrees_with_the_record(context: Context, lab_engine: Engine) -> None:
    """`docker buildx history inspect` counts as many cached steps as the record holds."""
    context.dockerfile(f"FROM {BASE}\nARG SALT={context.salt}\nCOPY f /f\nRUN cat /f > /g\n")
    context.write("f", context.salt)
    build(context.path, engine=lab_engine, output="cache").require_ok()
    context.write("f", "two!")
    record = build(context.path, engine=lab_engine, output="cache").require_ok()
    done = subprocess.run(
        [*lab_engine.buildx, "history", "inspect", "--format", "json"],
        env=lab_engine.child_env(),
        capture_output=True,
        check=True,
    )
    history = json.loads(done.stdout)
    assert history["NumCompletedSteps"] >= len(record.steps)
    cached_steps = sum(s.state is State.CACHED for s in record.steps)
    assert history["NumCachedSteps"] == cached_steps


def test_image_is_loaded_tagged_and_labelled(context: Context, lab_engine: Engine) -> None:
    """An image of the kit's is found by its name and belongs to the session."""
    context.dockerfile("FROM scratch\nCOPY f /f\n")
    context.write("f", context.salt)
    record = build(context.path, engine=lab_engine, title=f"An image {context.salt}").require_ok()
    name = f"buildlab.local/an-image-{context.salt}:{lab_engine.session}"
    with closing(lab_engine.client()) as client:
        image = client.images.get(name)
        assert image.labels["dev.buildlab.session"] == lab_engine.session
        client.images.remove(name)
    assert record.image_digest.startswith("sha256:")


def test_no_attestation_is_added(context: Context, lab_engine: Engine) -> None:
    """The record's max provenance is read beside the image, not put into it."""
    context.dockerfile("FROM scratch\nCOPY f /f\n")
    context.write("f", context.salt)
    watcher = Watcher()
    build(context.path, engine=lab_engine, title=context.salt, observers=[watcher]).require_ok()
    assert not any(w.startswith(("--provenance", "--attest")) for w in watcher.command)
    with closing(lab_engine.client()) as client:
        client.images.remove(f"buildlab.local/{context.salt}:{lab_engine.session}")


def test_shown_command_can_be_pasted(context: Context, lab_engine: Engine) -> None:
    """The literal command, typed in a shell, finds every step cached."""
    context.dockerfile(f"FROM {BASE}\nARG SALT={context.salt}\nRUN echo $SALT\n")
    record = build(context.path, engine=lab_engine, output="cache").require_ok()
    command = shlex.join(record.command).replace("docker", shlex.join(lab_engine.cli), 1)
    done = subprocess.run(
        command, shell=True, env=lab_engine.child_env(), capture_output=True, text=True, check=True
    )
    assert "CACHED" in done.stderr


def test_failed_build_gives_a_record(context: Context, lab_engine: Engine) -> None:
    """A RUN that fails is a result: the step, its output, the Dockerfile's lines."""
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt}; exit 7\nRUN true\n")
    record = build(context.path, engine=lab_engine, output="cache")
    assert not record.ok
    assert record.failure is not None
    assert "exit code: 7" in record.failure.message
    assert ">>> RUN echo" in record.failure.excerpt
    assert record.step("", 2).state is State.FAILED
    assert context.salt in record.step("", 2).output


def test_broken_dockerfile_gives_a_record(context: Context, lab_engine: Engine) -> None:
    """A Dockerfile that doesn't parse is shown with its line."""
    context.dockerfile("FRM golang\n")
    record = build(context.path, engine=lab_engine, output="cache")
    assert record.failure is not None
    assert "unknown instruction: FRM" in record.failure.message
    assert ">>> FRM golang" in record.failure.excerpt


def test_record_saves_and_loads(context: Context, lab_engine: Engine, tmp_path: Path) -> None:
    """A real record comes back from its file as it was."""
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt}\n")
    record = build(context.path, engine=lab_engine, output="cache")
    save(record, tmp_path / "r.json")
    assert load(tmp_path / "r.json") == record


def test_observers_see_the_build_from_start_to_end(context: Context, lab_engine: Engine) -> None:
    """Started once, progress at least every 0.1 s or so, finished with the record."""
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt}; sleep 1\n")
    watcher, standing = Watcher(), Watcher()
    with observing(standing):
        record = build(context.path, engine=lab_engine, output="cache", observers=[watcher])
    for seen in (watcher, standing):
        assert seen.calls[0] == "started"
        assert seen.calls[-1] == "finished"
        assert seen.command == record.command
        assert len(seen.progress) >= 7
        assert any(s.phase == "running" for p in seen.progress for s in p.steps)
        assert seen.record == record


def test_observer_that_raises_is_dropped(context: Context, lab_engine: Engine) -> None:
    """A broken view never breaks a build, and the record says that it was dropped."""

    class Broken(Watcher):
        def started(self, command: tuple[str, ...], title: str) -> None:
            raise ValueError("broken view")

    context.dockerfile("FROM scratch\nCOPY f /f\n")
    context.write("f", context.salt)
    watcher = Watcher()
    record = build(
        context.path, engine=lab_engine, output="cache", observers=[Broken(), watcher]
    ).require_ok()
    assert watcher.record is not None
    assert [w.message for w in record.warnings if w.rule == "observer"] == [
        "an observer was dropped: Broken: broken view"
    ]


def test_time_limit_names_what_it_waited_for(context: Context, lab_engine: Engine) -> None:
    """A build that takes too long ends, and says in which step."""
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt}; sleep 60\n")
    with pytest.raises(TimedOut, match=r"stopped after 2 s, waiting for .*sleep 60") as caught:
        build(context.path, engine=lab_engine, output="cache", timeout_s=2)
    path = caught.value.__notes__[0].rpartition(" ")[2]
    kept = load(Path(path))
    assert StepKey("", 2) in [s.key for s in kept.steps]
    assert not kept.ok


def test_paths_with_spaces_and_unicode(
    context: Context, lab_engine: Engine, tmp_path: Path
) -> None:
    """Odd names build like any other, as a folder and as a workspace."""
    odd = tmp_path / "Mein Projekt – ü 日本"
    odd.mkdir()
    (odd / "Docker file ñ").write_text("FROM scratch\nCOPY f\u00fc /f\n")
    (odd / "fü").write_text(context.salt)
    flags = ("--file", "Docker file ñ")
    assert build(odd, *flags, engine=lab_engine, output="cache").ok
    with workspace(odd) as space:
        assert build(space, *flags, engine=lab_engine, output="cache").ok


def test_wrong_builder_is_named(context: Context, lab_engine: Engine) -> None:
    """A builder that doesn't exist is a usage error with what lists the others."""
    context.dockerfile("FROM scratch\nCOPY f /f\n")
    with pytest.raises(UsageError, match=r"no builder .*nope"):
        build(context.path, "--builder", "nope", engine=lab_engine)


def test_unreachable_engine_is_named(context: Context, lab_engine: Engine) -> None:
    """No engine behind the address: said as such, with what to type."""
    context.dockerfile("FROM scratch\nCOPY f /f\n")
    env = {**lab_engine.env, "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    gone = replace(lab_engine, env=env, socket="unix:///nonexistent/docker.sock")
    with pytest.raises(EngineError, match="no engine answers") as caught:
        build(context.path, engine=gone)
    assert "buildlab doctor" in caught.value.hint


def test_unknown_flag_is_named(context: Context, lab_engine: Engine) -> None:
    """What docker says of a flag reaches the user."""
    context.dockerfile("FROM scratch\nCOPY f /f\n")
    with pytest.raises(UsageError, match="--bogus"):
        build(context.path, "--bogus", engine=lab_engine)


def test_secret_values_stay_out_of_the_record(context: Context, lab_engine: Engine) -> None:
    """A masked value is nowhere: not in a name, a log line, the command or the file."""
    secret = f"token-{context.salt}"
    context.dockerfile(f"FROM {BASE}\nARG API\nRUN echo using $API; echo {secret}\n")
    record = build(
        context.path, "--build-arg", f"API={secret}", engine=lab_engine, output="cache",
        mask=[secret],
    ).require_ok()  # fmt: skip
    assert secret not in repr(record)


def test_cache_mounts_are_in_the_kits_namespace(context: Context, lab_engine: Engine) -> None:
    """What a namespace's cache mount holds is unseen in another."""
    mount = f"--mount=type=cache,target=/c,id={context.salt}"
    context.dockerfile(
        f"FROM {BASE}\nARG SALT\nRUN {mount} ls /c > /seen; touch /c/mark; cat /seen\n"
    )

    def seen(salt: str, ns: str) -> str:
        record = build(
            context.path, f"--build-arg=SALT={context.salt}{salt}", engine=lab_engine,
            output="cache", cache_ns=ns,
        ).require_ok()  # fmt: skip
        return record.steps[-1].output

    ours, other = f"a-{context.salt}", f"b-{context.salt}"
    assert "mark" not in seen("1", ours)
    assert "mark" in seen("2", ours)
    assert "mark" not in seen("3", other)
