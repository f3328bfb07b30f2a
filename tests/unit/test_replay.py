"""Replay: recorded builds and experiments, found again and marked as recorded."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buildlab import cli, replay
from buildlab import engine as engines
from buildlab.bench import experiment as declared
from buildlab.builds import build
from buildlab.errors import EngineError, RecordError, UsageError
from buildlab.host.settings import Settings
from buildlab.record import store
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.model import BuildRecord
from buildlab.record.stream import Progress
from buildlab.replay import files

NAME = "[1/1] RUN make"
VERTEX = {"digest": "sha256:a", "name": NAME, "started": "2026-01-01T00:00:00Z"}
LINES = (
    replay.Line(0.5, json.dumps({"vertexes": [VERTEX]})),
    replay.Line(40.0, json.dumps({"vertexes": [{**VERTEX, "completed": "2026-01-01T00:00:40Z"}]})),
)


def record(title: str = "cold", context: str = "app") -> BuildRecord:
    return BuildRecord(
        id="1",
        title=title,
        command=("docker", "buildx", "build", context),
        context=context,
        dockerfile="Dockerfile",
        started_at="2026-01-01T00:00:00Z",
        wall_s=40.0,
        exit_code=0,
        engine=EngineInfo("embedded", engine_version="28.5.2", cpus=4),
    )


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that replay reads from, and that recordings go to."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    monkeypatch.setattr(files, "SHIPPED", folder)
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BUILDLAB_REPLAY", raising=False)
    replay.lesson("a lesson")
    return folder


def switch_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDLAB_REPLAY", "1")
    replay.lesson("a lesson")


@pytest.mark.parametrize(
    ("value", "on"),
    [
        *((no, False) for no in ("", "0", "false", "FALSE", "off", "no", " ")),
        *((yes, True) for yes in ("1", "yes", "on", "/a/folder")),
    ],
)
def test_replay_is_only_on_when_asked(
    monkeypatch: pytest.MonkeyPatch, value: str, on: bool
) -> None:
    """Nothing but BUILDLAB_REPLAY switches it on; builds, engine and recording agree on that."""

    def choose(*_: object) -> None:
        raise EngineError("a real engine is wanted")

    monkeypatch.setattr("buildlab.engine._choose.choose", choose)
    monkeypatch.setenv("BUILDLAB_REPLAY", value)
    monkeypatch.setenv("BUILDLAB_RECORD", "/a/folder")
    assert replay.active() is on
    assert bool(replay.info()) is on
    assert replay.recording() is not on
    engines.forget()
    if on:
        assert engines.current().kind == "replay"
    else:
        with pytest.raises(EngineError, match="real engine"):
            engines.current()
    engines.forget()


def test_recorded_build_comes_back_marked(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replayed record equals the recorded one, and says where and when it was made."""
    replay.keep_build(record(), ["--target", "b"], LINES, recordings)
    switch_on(monkeypatch)
    back = replay.replayed("cold", ["--target", "b"]).record
    assert back.recorded.startswith("recorded on 20")
    assert back.recorded.endswith("embedded engine 28.5.2, 4 CPUs")
    assert store.to_dict(back) | {"recorded": ""} == store.to_dict(record())


def test_build_asks_no_engine_in_replay(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`build()` with a recording needs neither an engine nor the context."""
    replay.keep_build(record("step one"), [], LINES, recordings)
    switch_on(monkeypatch)
    assert build("/nonexistent/app", title="step one").recorded


def test_flags_are_compared_without_what_differs(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Folders, ports and random tokens differ from run to run, and still it is the same build."""
    flags = ["--file", "/a/b/Dockerfile", "--cache-from=type=registry,ref=127.0.0.1:40123/x"]
    replay.keep_build(record(), [*flags, "--build-arg=S=0123abcdef"], LINES, recordings)
    switch_on(monkeypatch)
    flags = ["--file", "/c/d/Dockerfile", "--cache-from=type=registry,ref=127.0.0.1:40999/x"]
    assert replay.replayed("cold", [*flags, "--build-arg=S=fedcba98"])
    with pytest.raises(RecordError):
        replay.replayed("cold", ["--target", "other"])


def test_occurrences_come_back_in_order(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second build of the same title and flags is the second recording; later ones repeat."""
    for context in ("first", "second"):
        replay.keep_build(record(context=context), [], LINES, recordings)
    switch_on(monkeypatch)
    got = [replay.replayed("cold", []).record.context for _ in range(3)]
    assert got == ["first", "second", "second"]


def test_recordings_of_the_lesson_come_first(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lessons may give a build the same title."""
    for name in ("01_one", "02_two"):
        replay.lesson(name)
        replay.keep_build(record(context=name), [], LINES, recordings)
    monkeypatch.setenv("BUILDLAB_REPLAY", "1")
    replay.lesson("02_two")
    assert replay.replayed("cold", []).record.context == "02_two"


def test_missing_recording_says_what_to_do(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A learner's own build can't be replayed: the error names it, and the way out."""
    switch_on(monkeypatch)
    with pytest.raises(RecordError, match=r"my own build.* was not recorded") as caught:
        replay.replayed("my own build", [])
    assert "unset BUILDLAB_REPLAY" in caught.value.hint


def test_damaged_recording_is_named(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A truncated file is a fault with a path, not a traceback."""
    path = replay.keep_build(record(), [], LINES, recordings)
    assert path is not None
    path.write_bytes(path.read_bytes()[:40])
    switch_on(monkeypatch)
    with pytest.raises(RecordError, match="is damaged"):
        replay.replayed("cold", [])


def test_live_view_moves_within_its_time(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The events of a build of 40 s arrive in order, in a fraction of a second."""
    replay.keep_build(record(), [], LINES, recordings)
    switch_on(monkeypatch)
    seen: list[Progress] = []
    begin = time.monotonic()
    replay.replayed("cold", []).play(seen.append, pace_s=0.2)
    assert 0.1 < time.monotonic() - begin < 1
    assert [p.steps[0].phase for p in seen if p.steps][-1] == "ran"
    assert "running" in [p.steps[0].phase for p in seen if p.steps]


def test_nobody_waits_at_pace_0(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody watches, a build of 40 s is over at once, and its end is shown."""
    replay.keep_build(record(), [], LINES, recordings)
    switch_on(monkeypatch)
    monkeypatch.setattr("buildlab.replay.builds.time.sleep", pytest.fail)
    seen: list[Progress] = []
    replay.replayed("cold", []).play(seen.append, pace_s=0)
    assert [s.phase for s in seen[-1].steps] == ["ran"]


@pytest.mark.parametrize("given", ["fast", "-1", "inf", "nan"])
def test_a_pace_that_is_none_is_named(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable, and what it may be."""
    monkeypatch.setenv("BUILDLAB_REPLAY_PACE", given)
    with pytest.raises(UsageError, match="BUILDLAB_REPLAY_PACE"):
        Settings.from_env()


def test_recording_holds_no_secret_and_no_folder_of_ours(recordings: Path, tmp_path: Path) -> None:
    """A recording is shipped: home folders and known secrets are not in it."""
    data = base64.b64encode(b"using hunter2hunter2\n").decode()
    log = {"logs": [{"vertex": "sha256:a", "stream": 1, "data": data, "timestamp": "t"}]}
    context = str(tmp_path / "home" / "work" / "app-1")
    path = replay.keep_build(
        record(context=context), [], [replay.Line(0, json.dumps(log))], recordings,
        ["hunter2hunter2"],
    )  # fmt: skip
    assert path is not None
    told = files.load(path)
    assert told.value["context"] == "~/.cache/buildlab/work/app-1"
    text = base64.b64decode(json.loads(told.lines[0].text)["logs"][0]["data"])
    assert b"hunter2" not in text


@dataclass(frozen=True)
class Runs:
    """Stands for what experiments return."""

    records: Mapping[str, BuildRecord]

    def to_dict(self) -> dict[str, Any]:
        return {"records": {k: store.to_dict(r) for k, r in self.records.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Runs:
        return cls({k: store.from_dict(r) for k, r in data["records"].items()})


calls: list[str] = []


@declared.experiment()
def experiment(size: int, *, name: str = "x") -> Runs:
    calls.append(name)
    return Runs({f"{name} {size}": record()})


def test_experiment_is_recorded_and_replayed(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In replay an experiment runs nothing and returns what it returned, marked as recorded."""
    calls.clear()
    monkeypatch.setenv("BUILDLAB_RECORD", str(recordings))
    real = experiment(3)
    monkeypatch.delenv("BUILDLAB_RECORD")
    assert len(calls) == 1
    assert experiment(3) == real
    assert len(calls) == 2
    switch_on(monkeypatch)
    replayed = experiment(size=3, name="x")
    assert len(calls) == 2
    assert list(replayed.records) == ["x 3"]
    assert replayed.records["x 3"].recorded.startswith("recorded on")
    with pytest.raises(RecordError, match=r"test_replay\.experiment"):
        experiment(4)


def test_a_folder_of_recordings_that_is_not_there_is_named(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped folder doesn't silently stand for the recordings that come with the kit."""
    monkeypatch.setenv("BUILDLAB_REPLAY", str(recordings / "typo"))
    with pytest.raises(UsageError, match="typo"):
        replay.replayed("t", ())


@pytest.mark.parametrize("command", ["start", "status"])
def test_engine_commands_say_that_there_is_none(
    recordings: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    """While recorded builds are shown no engine is looked for, on any machine."""
    switch_on(monkeypatch)
    with pytest.raises(SystemExit):
        cli.main(["engine", command])
    told = capsys.readouterr()
    assert "no engine is used" in told.out + told.err
