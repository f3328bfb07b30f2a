"""Kept results: used again only where a new run would say the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildlab.bench import evidence
from buildlab.bench.replaying import replayable
from buildlab.record.engineinfo import EngineInfo

runs: list[int] = []


class Result:
    """The least that an experiment may return."""

    def __init__(self, number: int) -> None:
        self.number = number

    def to_dict(self) -> dict[str, Any]:
        return {"number": self.number}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        return cls(data["number"])


@replayable
def counted(step: int = 1) -> Result:
    """An experiment that says how often it ran."""
    runs.append(step)
    return Result(len(runs))


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[EngineInfo]:
    """The engine in use now, and a folder for evidence."""
    now = [EngineInfo("embedded", engine_version="28.5.2")]
    runs.clear()
    monkeypatch.setattr(evidence, "_current", lambda: now[0])
    monkeypatch.setenv("BUILDLAB_EVIDENCE", str(tmp_path / "evidence"))
    monkeypatch.delenv("BUILDLAB_REPLAY", raising=False)
    monkeypatch.delenv("BUILDLAB_RECORD", raising=False)
    return now


def test_what_was_measured_is_not_measured_again() -> None:
    """The second one to ask gets the first one's result, marked as reused."""
    assert evidence.measure(counted).reused is False
    again = evidence.measure(counted)
    assert (again.reused, again.value.number, len(runs)) == (True, 1, 1)


def test_a_direct_call_always_measures_and_is_kept() -> None:
    """A lesson runs its experiment each time; who asks later gets the last result."""
    counted()
    counted()
    assert len(runs) == 2
    assert evidence.measured(counted).number == 2


def test_other_arguments_are_another_experiment() -> None:
    """Defaults count as given."""
    evidence.measured(counted)
    evidence.measured(counted, 1)
    evidence.measured(counted, step=1)
    assert len(runs) == 1
    evidence.measured(counted, 2)
    assert len(runs) == 2


def test_another_engine_version_measures_again(engine: list[EngineInfo]) -> None:
    """What one engine did says nothing of another."""
    evidence.measured(counted)
    engine[0] = EngineInfo("embedded", engine_version="29.0.0")
    assert evidence.find(counted) is None
    evidence.measured(counted)
    assert len(runs) == 2


def test_old_damaged_and_unwanted_results_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After a day, with `fresh`, or where the file is broken, the experiment runs."""
    evidence.measured(counted)
    assert evidence.measure(counted, fresh=True).reused is False
    now = evidence._now
    monkeypatch.setattr(evidence, "_now", lambda: now() + timedelta(days=2))
    assert evidence.find(counted) is None
    monkeypatch.setattr(evidence, "_now", now)
    assert evidence.find(counted) is not None
    next((tmp_path / "evidence").iterdir()).write_bytes(b"not gzip")
    assert evidence.find(counted) is None


def test_evidence_that_cannot_be_kept_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The result itself is what was asked for."""
    monkeypatch.setenv("BUILDLAB_EVIDENCE", "/proc/none")  # where nobody can write
    assert counted().number == 1
