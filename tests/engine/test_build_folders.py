"""Modes, links and attributes of a context reach the image as they are now; without the guard
those of folders don't, which proves that the guard is what brings them."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.builds.asked import preparing
from buildlab.builds.context.guard import Guarded
from buildlab.builds.workspace import workspace
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]

OLD = (1_500_000_000, 1_500_000_000)
LIST = r"find . -mindepth 1 -printf '%P %m %y %l\n'"
Edit = Callable[[Path], object]


def relinked(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    os.utime(path, OLD, follow_symlinks=False)


def file_in_place_of(path: Path) -> None:
    path.unlink() if path.is_symlink() else path.rmdir()
    path.write_text("AAAA")
    os.utime(path, OLD)


def remade(path: Path) -> None:
    path.rmdir()
    path.mkdir(mode=0o711)


MISSED: dict[str, Edit] = {
    "one": lambda d: (d / "one").chmod(0o700),
    "one/deep": lambda d: (d / "one" / "deep").chmod(0o750),
    "sticky": lambda d: (d / "sticky").chmod(0o1755),
    "group": lambda d: (d / "group").chmod(0o2755),
    "remade": lambda d: remade(d / "remade"),
}
"""Each by the folder that it changes."""

SEEN: dict[str, Edit] = {
    "link": lambda d: relinked(d / "link", "b"),
    "folderlink": lambda d: relinked(d / "folderlink", "two"),
    "linkthenfile": lambda d: file_in_place_of(d / "linkthenfile"),
    "folderthenfile": lambda d: file_in_place_of(d / "folderthenfile"),
    "a": lambda d: (d / "a").chmod(0o4755),
    "hard": lambda d: ((d / "hard").unlink(), (d / "hard").write_text("AAAA")),
    "new": lambda d: (d / "new").mkdir(),
}
"""What BuildKit notices by itself, by what it changes; sizes and times stay."""


@pytest.fixture
def guard_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give docker the folder itself, as anyone would."""
    monkeypatch.setattr(preparing, "guarded", lambda real, folder, slots: Guarded(real))


@pytest.fixture
def tree(context: Context) -> Path:
    """A folder `d` with all that the edits need, copied and listed by the build."""
    top = context.path / "d"
    for name in ("one/deep", "two", "sticky", "group", "remade", "folderthenfile"):
        (top / name).mkdir(parents=True)
    for name in ("a", "b"):
        (top / name).write_text(name * 4)
        os.utime(top / name, OLD)
    for name, target in (("link", "a"), ("folderlink", "one"), ("linkthenfile", "b")):
        relinked(top / name, target)
    (top / "hard").hardlink_to(top / "a")
    context.dockerfile(f"FROM {BASE}\nCOPY d /d\nRUN cd /d && {LIST} # {context.salt}\n")
    return top


def listed(record: BuildRecord) -> dict[str, str]:
    """What the image holds, by name; nothing of a build that found its steps in the cache."""
    text = record.require_ok().steps[-1].output
    return {line.split()[0]: line.strip() for line in text.splitlines()}


def there(top: Path) -> dict[str, str]:
    """The same, of the folder itself."""
    found = {}
    for path in top.rglob("*"):
        kind = "l" if path.is_symlink() else "d" if path.is_dir() else "f"
        link = path.readlink() if kind == "l" else ""
        name = str(path.relative_to(top))
        found[name] = f"{name} {path.lstat().st_mode & 0o7777:o} {kind} {link}".strip()
    return found


def built(path: Path, engine: Engine, *flags: str) -> BuildRecord:
    return build(path, *flags, engine=engine, output="cache")


@pytest.mark.parametrize("name", MISSED)
def test_a_folders_mode_is_noticed(
    context: Context, tree: Path, lab_engine: Engine, name: str
) -> None:
    """Of a nested one, of one made anew, and the bits beside the permissions."""
    assert listed(built(context.path, lab_engine)) == there(tree)
    MISSED[name](tree)
    assert listed(built(context.path, lab_engine)) == there(tree)


@pytest.mark.usefixtures("guard_off")
def test_without_the_guard_no_folders_mode_is_noticed(
    context: Context, tree: Path, lab_engine: Engine
) -> None:
    """Negative control: to docker alone nothing has changed, so the image keeps the old modes."""
    assert listed(built(context.path, lab_engine)) == there(tree)
    for edit in MISSED.values():
        edit(tree)
    second = built(context.path, lab_engine).require_ok()
    assert [s.state for s in second.steps if s.cacheable] == [State.CACHED, State.CACHED]


def test_links_and_kinds_arrive_and_cost_no_transfer(
    context: Context, tree: Path, lab_engine: Engine
) -> None:
    """A link led elsewhere, a file where a folder was, a hard link cut: BuildKit sees these."""
    (tree / "ballast").write_text((context.salt * 30_000)[:300_000])
    assert listed(built(context.path, lab_engine)) == there(tree)
    for edit in SEEN.values():
        edit(tree)
    second = built(context.path, lab_engine)
    assert listed(second) == there(tree)
    assert second.context_bytes < 30_000


def test_a_folder_of_a_named_context_is_noticed(
    context: Context, tree: Path, tmp_path: Path, lab_engine: Engine
) -> None:
    """All folders that a build reads are watched."""
    named = tree.rename(tmp_path / "named")
    context.dockerfile(
        f"FROM {BASE}\nCOPY --from=named . /d\nRUN cd /d && {LIST} # {context.salt}\n"
    )
    flags = ("--build-context", f"named={named}")
    assert listed(built(context.path, lab_engine, *flags)) == there(named)
    (named / "one").chmod(0o700)
    assert listed(built(context.path, lab_engine, *flags)) == there(named)


def test_a_mounted_folder_is_noticed(context: Context, tree: Path, lab_engine: Engine) -> None:
    """A bind mount shows what a COPY would copy."""
    context.dockerfile(
        f"FROM {BASE}\nRUN --mount=type=bind,source=d,target=/d cd /d && {LIST} # {context.salt}\n"
    )
    assert listed(built(context.path, lab_engine)) == there(tree)
    (tree / "one" / "deep").chmod(0o700)
    assert listed(built(context.path, lab_engine)) == there(tree)


def test_a_workspace_gives_a_folder_another_mode(
    context: Context, tree: Path, lab_engine: Engine
) -> None:
    """`Workspace.chmod` takes folders, and `reset` takes it back."""
    with workspace(context.path) as space:
        copy = space.path / "d"
        first = there(copy)
        assert listed(built(space.path, lab_engine)) == first
        space.chmod("d/one", 0o700)
        assert listed(built(space.path, lab_engine)) == there(copy) != first
        space.reset()
        assert there(copy) == first
        assert built(space.path, lab_engine).steps[-1].state is State.CACHED


@pytest.mark.parametrize("name", ["b", "one"])
def test_extended_attributes_are_noticed(
    context: Context, tree: Path, lab_engine: Engine, tmp_path: Path, name: str
) -> None:
    """BuildKit keeps them in layers, of files and of folders."""
    out = tmp_path / "out.tar"

    def attributes() -> str | None:
        build(
            context.path, "--output", f"type=tar,dest={out}", engine=lab_engine, output="none"
        ).require_ok()
        with tarfile.open(out) as tar:
            return tar.getmember(f"d/{name}").pax_headers.get("SCHILY.xattr.user.kit")

    (tree / "salt").write_text(context.salt)
    context.dockerfile("FROM scratch\nCOPY d /d\n")
    for value in ("1", "2"):
        os.setxattr(tree / name, "user.kit", value.encode())
        assert attributes() == value
