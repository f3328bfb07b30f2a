"""Results that a full disk may have cut short: when they are doubted, and until when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildlab.builds.trouble.disk import Watch
from buildlab.builds.trouble.suspect import RULE, Doubt, judged
from buildlab.engine.distrust import results
from buildlab.engine.model import Engine
from buildlab.errors import DiskFull
from buildlab.record import store
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Interval, LogLine, State, Step, StepKey

LISTED = """\
ID:           aaa
Parents:
 - bbb
Created at:   2026-01-02 03:04:05.678901234 +0000 UTC
Type:         regular

ID:           mount
Created at:   2026-01-02 03:04:06.1 +0000 UTC
Type:         exec.cachemount

Reclaimable:  1kB
Total:        1kB
"""
SAID = (LogLine(0.1, 2, "dd: error writing '/big': No space left on device\n"),)


def engine(tmp_path: Path, kind: str, script: str) -> Engine:
    """An engine whose buildx is a shell script."""
    program = tmp_path / "buildx"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    info = EngineInfo(kind)
    return Engine(kind, info, ("docker",), (str(program),), {}, "lab", "s")  # type: ignore[arg-type]


def record(logs: tuple[LogLine, ...] = ()) -> BuildRecord:
    key = StepKey("", 2)
    step = Step(key, 2, "RUN make", State.RAN, intervals=(Interval(0.0, 1.0),), logs=logs)
    return BuildRecord("id", "t", (), "", "", "2026-01-02T03:04:05.000Z", 1.0, 0, (step,))


def test_what_was_built_since_then_is_read_from_the_listing() -> None:
    """Cache mounts are no results: a learner's stay."""
    found = results(LISTED)
    assert [r.id for r in found] == ["aaa"]
    assert found[0].made_s == 1767323045.0


def test_step_that_says_so_is_suspect_and_deleted(tmp_path: Path) -> None:
    """A step that passed over "no space left" is named in the record and leaves the cache."""
    emptied = f'echo "$@" >> {tmp_path}/asked; case $* in *du*) [ -e {tmp_path}/gone ] || cat <<E\n'
    lab = engine(
        tmp_path, "docker", emptied + LISTED + f"E\n;; *prune*) touch {tmp_path}/gone;; esac"
    )
    doubt = Doubt(tmp_path / "doubt")
    told = judged(record(SAID), Watch(lab), lab, doubt)
    assert told.suspect == (StepKey("", 2),)
    assert [w.rule for w in told.warnings] == [RULE]
    assert "--filter=id=aaa" in (tmp_path / "asked").read_text()
    assert not doubt.file.exists()
    assert store.from_dict(store.to_dict(told)) == told


def test_what_cannot_be_deleted_stops_the_next_build(tmp_path: Path) -> None:
    """Nothing doubtful is used again without a word."""
    lab = engine(tmp_path, "docker", "echo broken >&2; exit 1")
    doubt = Doubt(tmp_path / "doubt")
    told = judged(record(SAID), Watch(lab), lab, doubt)
    assert "next build" in told.warnings[0].message
    with pytest.raises(DiskFull, match="can't be deleted") as stopped:
        doubt.settle(lab)
    assert "buildlab engine reset && buildlab setup" in stopped.value.hint


def test_another_ones_cache_is_left_alone(tmp_path: Path) -> None:
    """A remote builder is a team's: what can be typed is named."""
    lab = engine(tmp_path, "remote", f"touch {tmp_path}/asked")
    told = judged(record(SAID), Watch(lab), lab, Doubt(tmp_path / "doubt"))
    assert "--no-cache-filter" in told.warnings[0].message
    assert not (tmp_path / "asked").exists()


def test_quiet_step_is_trusted(tmp_path: Path) -> None:
    """Nothing is marked where nothing was seen."""
    lab = engine(tmp_path, "docker", "exit 1")
    assert judged(record(), Watch(lab), lab, Doubt(tmp_path / "doubt")) == record()


def test_earlier_moment_of_doubt_stays(tmp_path: Path) -> None:
    """A second full disk does not shorten what the first left in doubt; damage doubts all."""
    doubt = Doubt(tmp_path / "doubt")
    doubt.since(100.0)
    doubt.since(200.0)
    assert float(doubt.file.read_text()) == 100.0
    doubt.since(50.0)
    assert float(doubt.file.read_text()) == 50.0


def test_disk_is_looked_at_where_it_can_be_seen(tmp_path: Path) -> None:
    """A disk with space is never full; one that is full is so from the first look on."""
    (tmp_path / "data").mkdir()
    lab = replace(engine(tmp_path, "embedded", ""), state_dir=tmp_path)
    with Watch(lab) as watch:
        assert not watch.was_full
    assert not watch.full_during(0, 2e9)
