"""A build never gets files of another folder, nor old bytes of its own; without the guard it
does, which proves that the guard is what prevents it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.builds.asked import preparing
from buildlab.builds.context.guard import Guarded
from buildlab.builds.workspace import workspace
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]

OLD = (1_500_000_000, 1_500_000_000)
BALLAST = 300_000


@pytest.fixture
def guard_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give docker the folder itself, as anyone would."""
    monkeypatch.setattr(preparing, "guarded", lambda real, folder, slots: Guarded(real))


def project(parent: Path, context: Context, text: str) -> Path:
    """A folder `<salt>` whose files have the same sizes and times as any other of these."""
    folder = parent / context.salt
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nCOPY f ballast /\nRUN cat /f\n")
    (folder / "f").write_text(text)
    (folder / "ballast").write_text((context.salt * BALLAST)[:BALLAST])
    for path in folder.iterdir():
        os.utime(path, OLD)
    return folder


def printed(record: BuildRecord) -> str:
    return record.require_ok().steps[-1].output.strip()


def built(folder: Path, engine: Engine) -> BuildRecord:
    return build(folder, engine=engine, output="cache")


def test_two_folders_of_one_name_keep_apart(
    context: Context, lab_engine: Engine, tmp_path: Path
) -> None:
    """`x/app` and `y/app` each build what they hold, under equal sizes and times."""
    x = project(tmp_path / "x", context, "AAAA")
    y = project(tmp_path / "y", context, "BBBB")
    assert printed(built(x, lab_engine)) == "AAAA"
    assert printed(built(y, lab_engine)) == "BBBB"


@pytest.mark.usefixtures("guard_off")
def test_without_the_guard_a_folder_gets_anothers_files(
    context: Context, lab_engine: Engine, tmp_path: Path
) -> None:
    """Negative control: docker alone builds `y/app` from what it has of `x/app`."""
    x = project(tmp_path / "x", context, "AAAA")
    y = project(tmp_path / "y", context, "BBBB")
    assert printed(built(x, lab_engine)) == "AAAA"
    assert "BBBB" not in printed(built(y, lab_engine))


def hidden_edit(folder: Path, text: str) -> None:
    (folder / "f").write_text(text)
    os.utime(folder / "f", OLD)


def test_edit_that_keeps_size_and_time_is_noticed(
    context: Context, lab_engine: Engine, tmp_path: Path
) -> None:
    """The bytes decide, not the time that an unpacked archive or `cp -p` gave them."""
    folder = project(tmp_path, context, "AAAA")
    assert printed(built(folder, lab_engine)) == "AAAA"
    hidden_edit(folder, "CCCC")
    assert printed(built(folder, lab_engine)) == "CCCC"


@pytest.mark.usefixtures("guard_off")
def test_without_the_guard_the_edit_is_missed(
    context: Context, lab_engine: Engine, tmp_path: Path
) -> None:
    """Negative control: docker alone finds nothing changed."""
    folder = project(tmp_path, context, "AAAA")
    assert printed(built(folder, lab_engine)) == "AAAA"
    hidden_edit(folder, "CCCC")
    assert "CCCC" not in printed(built(folder, lab_engine))


def test_transfer_stays_incremental(context: Context, lab_engine: Engine, tmp_path: Path) -> None:
    """With the guard on, only what changed is sent: the lessons measure that."""
    folder = project(tmp_path, context, "AAAA")
    first = built(folder, lab_engine).require_ok()
    (folder / "f").write_text("DDDDD")
    second = built(folder, lab_engine).require_ok()
    assert printed(second) == "DDDDD"
    assert first.context_bytes > BALLAST
    assert second.context_bytes < BALLAST / 10


def test_hidden_edit_of_the_dockerfile_is_noticed(
    context: Context, lab_engine: Engine, tmp_path: Path
) -> None:
    """The Dockerfile travels by the same mechanism as the context."""
    folder = project(tmp_path, context, "AAAA")
    built(folder, lab_engine).require_ok()
    text = (folder / "Dockerfile").read_text()
    (folder / "Dockerfile").write_text(text.replace("cat /f", "ls  /f"))
    os.utime(folder / "Dockerfile", OLD)
    assert printed(built(folder, lab_engine)) == "/f"


def test_workspaces_follow_every_edit(context: Context, lab_engine: Engine, tmp_path: Path) -> None:
    """A workspace's build has each edit, however fast and alike the edits are."""
    folder = project(tmp_path, context, "AAAA")
    with workspace(folder) as space:
        for text in ("EEEE", "FFFF", "EEEE", "GGGG"):
            space.write("f", text + context.salt)
            assert printed(build(space, engine=lab_engine, output="cache")) in (
                text + context.salt,
                "",  # built before: cached, so it printed nothing
            )
        space.write("Dockerfile", f"FROM {BASE}\nCOPY f /f\nRUN cat /f; : {context.salt}\n")
        assert printed(build(space, engine=lab_engine, output="cache")) == "GGGG" + context.salt
