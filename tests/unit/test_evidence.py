"""Kept results: used again only where a new run would say the same."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildlab.bench import evidence, uses
from buildlab.bench.experiment import Experiment, experiment
from buildlab.bench.runs import Runs
from buildlab.bench.sample import sample_app, sample_file
from buildlab.claims import catalogue
from buildlab.record.engineinfo import EngineInfo
from tests.unit.streams import record

PACKAGE = Path(uses.__file__).parents[1]

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


@experiment()
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


@pytest.mark.parametrize("part", ["engine", "value", "measured_at", "packed"])
def test_each_damaged_part_is_as_good_as_no_file(
    part: str, tmp_path: Path, engine: list[EngineInfo]
) -> None:
    """Its engine, a record in it, its time without a zone, its bytes: measured again."""

    @experiment()
    def built() -> Runs:
        return Runs({"one": replace(record("service_edit"), engine=engine[0])})

    built()
    assert evidence.find(built) is not None
    file = next((tmp_path / "evidence").iterdir())
    data = json.loads(gzip.decompress(file.read_bytes()))
    if part == "value":
        data["value"]["records"]["one"]["steps"][0]["state"] = "lost"
    else:
        data |= {"engine": {"kind": 7}} if part == "engine" else {part: "2026-01-01T00:00:00"}
    packed = gzip.compress(json.dumps(data).encode())
    file.write_bytes(packed[:12] + b"\xff" * 8 + packed[20:] if part == "packed" else packed)
    assert evidence.find(built) is None


def test_evidence_that_cannot_be_kept_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The result itself is what was asked for."""
    monkeypatch.setenv("BUILDLAB_EVIDENCE", "/proc/none")  # where nobody can write
    assert counted().number == 1


def keys() -> dict[str, str]:
    """The digest of each of the kit's experiments as its files are now."""
    return {name: catalogue.find(name).digest() for name in catalogue.names()}


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("experiments/programs/harbour/main.go", lambda e: "programs/harbour" in e.uses),
        ("experiments/programs/small/main.go", lambda e: "programs/small" in e.uses),
        ("experiments/secrets/rules/Dockerfile", lambda e: e.name.startswith("secrets.")),
        ("experiments/limit/turns.py", lambda e: e.module.endswith(".limit.turns")),
        (
            "experiments/reproducible/attested.py",
            lambda e: e.module.endswith(("attested", "scanned")),
        ),
        ("bench/bench.py", lambda e: True),
        ("builds/run.py", lambda e: False),
    ],
)
def test_a_change_measures_again_what_uses_it(
    monkeypatch: pytest.MonkeyPatch, path: str, again: Callable[[Experiment[..., Any]], bool]
) -> None:
    """An edit of a helper, a program, a recipe changes the keys of what uses it, and no other."""
    before = keys()
    edited = PACKAGE / path
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: real(p) + b" " * (p == edited))
    after = keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if again(catalogue.find(name))}


@pytest.mark.parametrize(
    ("part", "again"),
    [("Dockerfile", {"limit"}), ("README.md", set()), ("ci/README.md", set())],
)
def test_a_part_of_the_service_is_a_part_of_the_key(
    monkeypatch: pytest.MonkeyPatch, part: str, again: set[str]
) -> None:
    """Of the sample service only what an experiment names counts; who takes all, names all."""
    whole = {n for n in catalogue.names() if "sample" in catalogue.find(n).uses}
    before = keys()
    edited, real = sample_app() / part, Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: real(p) + b" " * (p == edited))
    after = keys()
    changed = {name for name in before if before[name] != after[name]}
    assert {name.partition(".")[0] for name in changed - whole} == again
    assert changed >= whole


def test_what_was_not_declared_can_not_be_taken() -> None:
    """An experiment that reads more than it names fails at once, not by old evidence later."""

    @experiment(uses=("sample/Dockerfile",))
    def greedy() -> Result:
        sample_file("Dockerfile")
        sample_app()
        return Result(0)

    with pytest.raises(uses.NotDeclared, match="greedy takes sample"):
        greedy()
