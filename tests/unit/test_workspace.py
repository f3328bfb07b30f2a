"""Workspaces: copies that can be edited, built and thrown away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildlab.builds.workspace import Workspace, workspace
from buildlab.errors import BuildlabError, UsageError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUILDLAB_HOME", str(tmp_path / "home"))
    folder = tmp_path / "my app é"
    (folder / "cmd").mkdir(parents=True)
    (folder / "cmd" / "main.go").write_text("package main\n")
    (folder / ".dockerignore").write_text(".git\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("cmd/main.go")
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
    return folder


def times(space: Workspace) -> dict[str, int]:
    return {
        str(p.relative_to(space.path)): p.lstat().st_mtime_ns for p in sorted(space.path.rglob("*"))
    }


def test_copy_is_whole_and_fresh(project: Path) -> None:
    """A copy holds hidden files, modes and links, under times of its own."""
    with workspace(project) as space:
        assert space.read(".dockerignore") == ".git\n"
        assert os.access(space.path / "run.sh", os.X_OK)
        assert (space.path / "link").readlink() == Path("cmd/main.go")
        assert min(times(space).values()) > 1_100_000_000 * 10**9
        assert space.path.name.startswith("my_app_é-")


def test_copy_is_gone_after_the_block(project: Path) -> None:
    """Nothing is left behind, checkpoint included."""
    with workspace(project) as space:
        space.checkpoint()
    assert list(space.path.parent.iterdir()) == []


def test_two_workspaces_of_one_source_have_different_names(project: Path) -> None:
    """BuildKit tells contexts apart by basename, so no two may share one."""
    with workspace(project) as a, workspace(project) as b:
        assert a.path.name != b.path.name


def test_each_edit_has_a_strictly_newer_time(project: Path) -> None:
    """Edits faster than any clock still get times that differ."""
    with workspace(project) as space:
        seen = [max(times(space).values())]
        for i in range(50):
            space.write("cmd/main.go", f"{i:02}")
            seen.append((space.path / "cmd/main.go").stat().st_mtime_ns)
        space.touch("run.sh")
        seen.append((space.path / "run.sh").stat().st_mtime_ns)
        space.rename("run.sh", "bin/run.sh")
        seen.append((space.path / "bin/run.sh").stat().st_mtime_ns)
        assert seen == sorted(set(seen))


def test_coarse_clock_still_gives_newer_times(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that keeps whole seconds still shows each edit."""
    real = os.utime

    def coarse(path: Path, *, ns: tuple[int, int], follow_symlinks: bool = True) -> None:
        second = ns[0] // 10**9 * 10**9
        real(path, ns=(second, second), follow_symlinks=follow_symlinks)

    with workspace(project) as space:
        monkeypatch.setattr(os, "utime", coarse)
        space.write("a", "1")
        first = (space.path / "a").stat().st_mtime_ns
        space.write("a", "2")
        assert (space.path / "a").stat().st_mtime_ns > first


def test_reset_brings_the_source_back(project: Path) -> None:
    """Every kind of edit is undone, and what was not edited keeps its time."""
    with workspace(project) as space:
        before = times(space)
        space.replace("cmd/main.go", "main", "other")
        space.write("new/file", "x")
        space.delete("link")
        space.chmod("run.sh", 0o644)
        space.reset()
        after = times(space)
        assert set(after) == set(before)
        assert space.read("cmd/main.go") == "package main\n"
        assert os.access(space.path / "run.sh", os.X_OK)
        assert after[".dockerignore"] == before[".dockerignore"]
        assert after["cmd/main.go"] > before["cmd/main.go"]


def test_reset_goes_back_to_the_checkpoint(project: Path) -> None:
    """After a checkpoint, what was written before it stays."""
    with workspace(project) as space:
        space.write("kept", "1")
        space.checkpoint()
        space.write("kept", "2")
        space.write("lost", "3")
        space.reset()
        assert space.read("kept") == "1"
        assert not (space.path / "lost").exists()


def test_replace_of_absent_text_is_an_error(project: Path) -> None:
    """An edit that changes nothing must not pass for one."""
    with pytest.raises(UsageError, match="doesn't hold 'absent'"), workspace(project) as space:
        space.replace("cmd/main.go", "absent", "x")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "cmd/../../x"])
def test_no_path_leads_out(project: Path, path: str) -> None:
    """A workspace edits itself only."""
    with workspace(project) as space, pytest.raises(UsageError, match="leads out"):
        space.write(path, "x")


def test_kept_on_exception_with_a_note(project: Path) -> None:
    """What an experiment broke on can be looked at, and the exception says where."""
    with pytest.raises(ValueError, match="boom") as caught, workspace(project) as space:
        raise ValueError("boom")
    assert str(space.path) in caught.value.__notes__[0]
    assert space.path.exists()


def test_missing_source_is_named(tmp_path: Path) -> None:
    """The error names the folder that isn't there."""
    with pytest.raises(UsageError, match=r"no folder .*gone"), workspace(tmp_path / "gone"):
        pass


def test_unwritable_home_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that can't be created names the variable that moves it."""
    monkeypatch.setenv("BUILDLAB_HOME", str(project / "run.sh" / "home"))
    with pytest.raises(BuildlabError, match="BUILDLAB_HOME"), workspace(project):
        pass
