"""`buildlab show` and `compare` on saved records, and what they say of bad ones."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from buildlab.cli import main
from buildlab.record import store
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Interval, State, Step, StepKey
from buildlab.record.store import save, to_dict


def record(name: str, state: State, wall_s: float) -> BuildRecord:
    step = Step(StepKey("build", 2), 2, "RUN go build", state, (Interval(0.0, wall_s),))
    return BuildRecord(
        name, f"title {name}", ("docker", "buildx", "build", "."), ".", "Dockerfile",
        "2026-01-01T00:00:00Z", wall_s, 0, (step,),
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two records."""
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path))
    save(record("20260101T000001-aaaa", State.RAN, 10.0), records(tmp_path, "aaaa"))
    save(record("20260101T000002-bbbb", State.CACHED, 0.5), records(tmp_path, "bbbb"))
    return tmp_path


def records(home: Path, name: str) -> Path:
    number = {"aaaa": 1, "bbbb": 2}.get(name, 3)
    return home / "records" / f"20260101T00000{number}-{name}.json"


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(argv)
    return int(end.value.code or 0)


def test_show_prints_steps_with_their_states(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last record is shown when none is named."""
    assert run("show") == 0
    told = capsys.readouterr().out
    assert "title 20260101T000002-bbbb" in told
    assert "RUN go build" in told
    assert "cached" in told


@pytest.mark.parametrize("reference", ["last~1", "20260101T000001", "20260101T000001-aaaa"])
def test_show_finds_a_record_by_place_or_id(
    home: Path, capsys: pytest.CaptureFixture[str], reference: str
) -> None:
    """A record has short names, and its JSON is the whole of it."""
    assert run("show", reference, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == to_dict(record("20260101T000001-aaaa", State.RAN, 10.0))


def test_show_takes_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record that a colleague sent."""
    assert run("show", str(records(home, "aaaa"))) == 0
    assert "aaaa" in capsys.readouterr().out


def test_compare_marks_what_changed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both states of each step, and how many times as fast."""
    assert run("compare", "last~1", "last") == 0
    assert "≠" in capsys.readouterr().out
    assert run("compare", "last~1", "last", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["wall_ratio"] == 20
    assert [(c["key"], c["state_a"], c["state_b"], c["changed"]) for c in told["changes"]] == [
        ("build 2", "ran", "cached", True)
    ]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("zzz", "there is no record 'zzz'"),
        ("2026", "several records begin with '2026'"),
        ("last~7", "there is no record 'last~7' yet"),
    ],
)
def test_unknown_records_are_named(
    home: Path, capsys: pytest.CaptureFixture[str], reference: str, message: str
) -> None:
    """A wrong reference is exit code 5, with what to type."""
    assert run("show", reference) == 5
    told = capsys.readouterr().err
    assert message in told
    assert "→" in told


def test_to_look_needs_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`show` makes nothing: a home that is not there, or can't be, has no records."""
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "none"))
    assert run("show") == 5
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("BUILDLAB_HOME", "/proc/none")
    assert run("show") == 5


def test_damaged_and_newer_records_are_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A truncated file and one of a newer buildlab: exit code 5, no traceback."""
    path = records(home, "aaaa")
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    assert run("show", str(path)) == 5
    path.write_text(whole.replace('"schema_version": 1', '"schema_version": 99'))
    assert run("show", str(path)) == 5
    assert "Traceback" not in capsys.readouterr().err


def test_a_record_that_cannot_be_saved_is_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that is full by the end of a build takes the file, not what was measured."""

    def full(record: BuildRecord, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(store, "save", full)
    monkeypatch.setattr("buildlab.builds.build", lambda *_, **__: record("new", State.RAN, 1.0))
    assert run("build", ".", "--json") == 7
    told = capsys.readouterr()
    assert json.loads(told.out)["id"] == "new"
    assert "No space left" in told.err
