"""The guard's ledger: which edits BuildKit would miss."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildlab.builds.context.guard import guarded


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "x" / "app"
    (folder / "sub").mkdir(parents=True)
    (folder / "f").write_text("AAAA")
    (folder / "sub" / "g").write_text("GGGG")
    return folder


def link(app: Path, tmp_path: Path, **slots: Path) -> Path:
    return guarded(app, tmp_path / "links", {"context": app, **slots}).link


def hidden_edit(path: Path, text: str) -> None:
    """Change the content under the same size and mtime."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def test_link_leads_to_the_folder_and_stays(app: Path, tmp_path: Path) -> None:
    """Builds of an unchanged folder share a name, so that they transfer only changes."""
    first = link(app, tmp_path)
    assert first.resolve() == app
    assert link(app, tmp_path) == first


def test_same_basename_gives_another_link(app: Path, tmp_path: Path) -> None:
    """Two folders of one name never share what BuildKit keeps."""
    other = tmp_path / "y" / "app"
    other.mkdir(parents=True)
    assert link(app, tmp_path).name != link(other, tmp_path).name


def test_normal_edit_keeps_the_name(app: Path, tmp_path: Path) -> None:
    """An edit that BuildKit sees by itself costs no whole transfer."""
    first = link(app, tmp_path)
    (app / "f").write_text("BBBBB")
    (app / "new").write_text("x")
    (app / "sub" / "g").chmod(0o700)
    assert link(app, tmp_path) == first


@pytest.mark.parametrize("name", ["f", "sub/g"])
def test_hidden_edit_changes_the_name(app: Path, tmp_path: Path, name: str) -> None:
    """An edit that keeps size and mtime is given under a name BuildKit knows nothing of."""
    first = link(app, tmp_path)
    hidden_edit(app / name, "ZZZZ")
    second = link(app, tmp_path)
    assert second != first
    assert not os.path.lexists(first)
    assert link(app, tmp_path) == second


def test_replaced_file_with_old_times_is_seen(app: Path, tmp_path: Path) -> None:
    """Another file moved into place with the same size and mtime is a hidden edit too."""
    first = link(app, tmp_path)
    before = (app / "f").stat()
    (tmp_path / "f").write_text("ZZZZ")
    os.utime(tmp_path / "f", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "f").replace(app / "f")
    assert link(app, tmp_path) != first


def test_return_to_older_times_is_seen(app: Path, tmp_path: Path) -> None:
    """An engine that missed a build in between may still hold the older state."""
    before = (app / "f").stat()
    first = link(app, tmp_path)
    (app / "f").write_text("BBBBB")
    assert link(app, tmp_path) == first
    (app / "f").write_text("CCCC")
    os.utime(app / "f", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert link(app, tmp_path) != first


def test_dockerfile_and_named_context_are_watched(app: Path, tmp_path: Path) -> None:
    """All local sources of a build are kept under the context's name."""
    dockerfile, named = tmp_path / "Dockerfile", tmp_path / "named"
    dockerfile.write_text("FROM a")
    named.mkdir()
    (named / "n").write_text("NNNN")
    slots = {"dockerfile": dockerfile, "named": named}
    first = link(app, tmp_path, **slots)
    hidden_edit(dockerfile, "FROM b")
    second = link(app, tmp_path, **slots)
    hidden_edit(named / "n", "MMMM")
    assert len({first, second, link(app, tmp_path, **slots)}) == 3


def test_damaged_ledger_starts_anew(app: Path, tmp_path: Path) -> None:
    """Without its memory the guard takes a name that was never used."""
    first = link(app, tmp_path)
    for ledger in (tmp_path / "links").glob("*.json"):
        ledger.write_text('{"generation": "a')
    assert link(app, tmp_path) != first


def test_links_to_gone_folders_are_removed(app: Path, tmp_path: Path) -> None:
    """The guard's folder doesn't grow with every workspace there ever was."""
    link(app, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    for path in sorted(app.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    app.rmdir()
    link(other, tmp_path)
    assert len(list((tmp_path / "links").iterdir())) == 2


@pytest.mark.parametrize("name", ["sub", "sub/deep"])
def test_another_mode_of_a_folder_changes_the_name(app: Path, tmp_path: Path, name: str) -> None:
    """BuildKit's checksum of a folder doesn't follow its mode, so it gets one it never saw."""
    (app / "sub" / "deep").mkdir()
    first = link(app, tmp_path)
    (app / name).chmod(0o700)
    second = link(app, tmp_path)
    assert second != first
    assert link(app, tmp_path) == second


def test_a_new_a_removed_and_a_filled_folder_keep_the_name(app: Path, tmp_path: Path) -> None:
    """What BuildKit sees by itself costs no whole transfer, and a link is as good as unseen."""
    (app / "l").symlink_to("f")
    first = link(app, tmp_path)
    (app / "new").mkdir()
    (app / "sub" / "more").write_text("x")
    assert link(app, tmp_path) == first
    (app / "new").rmdir()
    (app / "l").unlink()
    (app / "l").symlink_to("g")
    assert link(app, tmp_path) == first


def test_a_ledger_of_before_starts_anew(app: Path, tmp_path: Path) -> None:
    """It says nothing of folders."""
    first = link(app, tmp_path)
    (ledger,) = (tmp_path / "links").glob("*.json")
    ledger.write_text(ledger.read_text().replace('"format":2,', ""))
    assert link(app, tmp_path) != first
