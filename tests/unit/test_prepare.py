"""Set-up's order: what runs beside what, and which fault is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildlab import engine as engines
from buildlab.engine import Choice, Engine, ahead, images
from buildlab.errors import DiskFull, EngineError
from buildlab.record.engineinfo import EngineInfo
from buildlab.setup import modules, prepare, ready
from buildlab.setup.parts import Part, Unwatched

LIMIT_S = 30
ENGINE = Engine(
    "embedded", EngineInfo("embedded"), cli=(), buildx=(), env={}, builder="", session=""
)


class Noted(Unwatched):
    """Writes down which parts began and how each ended."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str]] = []

    def began(self, part: str) -> None:
        self.parts.append(("began", part))

    def ended(self, part: str, result: str) -> None:
        self.parts.append(("ended", part))

    def failed(self, part: str) -> None:
        self.parts.append(("failed", part))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """A machine on which nothing is set up, and what each part of set-up does there."""

    def make(**does: Callable[..., Any]) -> None:
        monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "home"))
        steps: dict[str, tuple[object, str, Any]] = {
            "choice": (engines, "choice", Choice("embedded", "")),
            "engine": (engines, "current", ENGINE),
            "assemble": (ahead, "assemble", None),
            "images": (images, "ensure", ()),
            "build": (ready, "prove", 0.0),
            "modules": (modules, "ensure", None),
        }
        for name, (module, function, result) in steps.items():
            default = lambda *_, result=result, **__: result  # noqa: E731
            monkeypatch.setattr(module, function, does.get(name, default))
        monkeypatch.setattr(prepare.trimming, "due", lambda _: None)

    return make


def test_base_images_are_assembled_beside_the_engines_start(machine: Callable[..., None]) -> None:
    """Each waits for the other: one after the other, neither would end."""
    both = threading.Barrier(2, timeout=LIMIT_S)

    def assemble(part: Part, beginning: Callable[[], None]) -> None:
        beginning()
        both.wait()

    def engine(**_: object) -> Engine:
        both.wait()
        return ENGINE

    noted = Noted()
    machine(engine=engine, assemble=assemble)
    assert prepare.prepare(noted) is ENGINE
    assert [p for how, p in noted.parts if how == "began"].count("Base images") == 1
    assert sorted(p for how, p in noted.parts if how == "ended") == [
        *("A first build", "Base images", "Engine", "Go modules"),
    ]


def test_the_callers_part_runs_beside_the_builds(machine: Callable[..., None]) -> None:
    """JupyterLab starts while modules are downloaded, once there are base images."""
    both = threading.Barrier(2, timeout=LIMIT_S)
    order: list[str] = []
    machine(
        images=lambda *_, **__: order.append("images") or (),
        modules=lambda *_: both.wait(),
    )

    def do(part: Part) -> None:
        order.append("also")
        both.wait()

    prepare.prepare(None, prepare.Also("JupyterLab", do))
    assert order == ["images", "also"]


def test_the_callers_part_begins_at_once_where_all_is_there(
    machine: Callable[..., None], tmp_path: Path
) -> None:
    """A second start: JupyterLab is on its way while the engine is looked at."""
    (tmp_path / "home" / "engine").mkdir(parents=True)
    begun = threading.Event()

    def engine(**_: object) -> Engine:
        assert begun.wait(LIMIT_S)
        return ENGINE

    machine(engine=engine)
    prepare.prepare(None, prepare.Also("JupyterLab", lambda _: begun.set()))


def test_a_fault_in_one_part_ends_the_others(machine: Callable[..., None]) -> None:
    """The engine's start stops at its next word; the error is that of the part that failed."""
    begun = threading.Event()

    def assemble(*_: object) -> None:
        begun.wait(LIMIT_S)
        raise DiskFull("no space", "free some")

    def engine(progress: Callable[[str], None]) -> Engine:
        begun.set()
        for number in range(10**9):
            progress(f"word {number}")
        raise AssertionError

    noted = Noted()
    machine(engine=engine, assemble=assemble)
    with pytest.raises(DiskFull, match="no space"):
        prepare.prepare(noted)
    assert ("failed", "Engine") in noted.parts
    assert not [how for how, _ in noted.parts if how == "ended"]


def test_a_part_of_the_callers_that_fails_ends_set_up(machine: Callable[..., None]) -> None:
    """A port that was taken meanwhile is told, not that lessons lack modules."""

    def do(_: Part) -> None:
        raise EngineError("taken", "another port")

    def fill(_: object, say: Callable[[str], None]) -> None:
        for number in range(10**9):
            say(f"word {number}")

    machine(modules=fill)
    with pytest.raises(EngineError, match="taken"):
        prepare.prepare(None, prepare.Also("JupyterLab", do))


def test_nothing_is_assembled_ahead_once_an_engine_was_there(
    machine: Callable[..., None], tmp_path: Path
) -> None:
    """Its images are in it: a second set-up asks no registry for anything."""
    (tmp_path / "home" / "engine").mkdir(parents=True)
    machine(assemble=lambda *_: pytest.fail("assembled ahead"))
    prepare.prepare()


def test_an_engine_that_can_not_be_had_names_the_way_without(machine: Callable[..., None]) -> None:
    """The remedy says how lessons run on recorded builds."""

    def engine(**_: object) -> Engine:
        raise EngineError("not here", "install Docker")

    machine(engine=engine)
    with pytest.raises(EngineError) as fault:
        prepare.prepare()
    assert "BUILDLAB_REPLAY=1 ./lab start" in fault.value.hint
