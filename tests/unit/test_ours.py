"""What is the kit's own and what isn't: only the first is ever removed, moved or chmodded."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from buildlab.engine.packages import ensuring
from buildlab.errors import EngineError
from buildlab.host import deleting, fitness, homefiles, private
from buildlab.host.contents import MARK, PACKAGES, SHAPES
from buildlab.host.madelist import Entry
from buildlab.host.ours import Ours
from buildlab.host.paths import Home
from buildlab.host.settings import Settings

NAMES = sorted(SHAPES)


def state(folder: Path) -> dict[str, tuple[int, ...]]:
    """What would change if anything below were touched; a folder's time changes with its names."""
    found = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        s = path.lstat()
        times = () if path.is_dir() and not path.is_symlink() else (s.st_size, s.st_mtime_ns)
        found[str(path)] = (s.st_ino, s.st_mode, s.st_uid, *times)
    return found


def users(folder: Path) -> Path:
    """A folder with things of the user's, some of them under names that the kit uses too."""
    (folder / "notes").mkdir(parents=True)
    for name in ("notes/a", "mine.json", "engine.txt", "20260101T000000-12345678.json"):
        (folder / name).write_text("mine")
    (folder / "mine-12345678").mkdir()
    (folder / "old-0123456789ab").symlink_to("/nonexistent")
    os.utime(folder / "mine-12345678", (1, 1))
    folder.chmod(0o755)
    return folder


def home_of(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_users_folder_with_our_name_stays(name: str, tmp_path: Path) -> None:
    """Unmarked, or with the mark of another folder: nothing of it is removed or changed."""
    home = home_of(tmp_path)
    theirs = users(home.root / name)
    before = state(theirs)
    assert home.ours.remove(theirs)
    assert state(theirs) == before
    other = home.make(home.root / next(n for n in NAMES if n != name))
    (theirs / MARK).write_bytes((other / MARK).read_bytes())
    before = state(theirs)
    assert home.ours.remove(theirs)
    assert state(theirs) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_users_folder_in_use_keeps_what_it_held(name: str, tmp_path: Path) -> None:
    """Used beside its content, or refused; cleaned later, only the kit's additions go."""
    home = home_of(tmp_path)
    theirs = users(home.root / name)
    before = state(theirs)
    try:
        home.make(theirs)
    except EngineError as refused:
        assert "BUILDLAB_HOME" in refused.hint
    left = home.ours.remove(theirs)
    assert {p.name for p in left} == {p.name for p in theirs.iterdir()}
    assert state(theirs) == before


@pytest.mark.parametrize("name", NAMES)
def test_what_a_user_puts_into_our_folder_stays(name: str, tmp_path: Path) -> None:
    """A folder of ours is emptied of what is ours; a note in it survives, at its place."""
    home = home_of(tmp_path)
    folder = home.make(home.root / name)
    note = folder / "my notes.txt"
    note.write_text("mine")
    before = note.stat()
    assert home.ours.remove(folder) == (note,)
    assert note.stat() == before
    assert {p.name for p in folder.iterdir()} == {note.name}


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_ours_goes(name: str, tmp_path: Path) -> None:
    """With nothing of others in it, nothing of it is left, and its line of the list goes too."""
    home = home_of(tmp_path)
    folder = home.make(home.root / name)
    assert home.ours.remove(folder) == ()
    assert not folder.exists()
    home.ours.forget()
    assert not home.root.exists()


def test_a_home_that_was_there_stays(tmp_path: Path) -> None:
    """A folder that the user made for the kit is left, empty, with its mode."""
    home = home_of(tmp_path)
    home.root.mkdir(mode=0o750)
    (home.root / "records").mkdir(mode=0o755)
    home.make(home.records)
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o750
    assert stat.S_IMODE(home.records.stat().st_mode) == 0o755
    home.ours.remove(home.records)
    home.ours.forget()
    assert [p.name for p in home.root.iterdir()] == ["records"]


@pytest.mark.parametrize("behind", ["home", "records"])
def test_links_stay_and_what_is_behind_them_too(behind: str, tmp_path: Path) -> None:
    """A home, or a folder in it, that is a link to the user's data costs that data nothing."""
    data = users(tmp_path / "data")
    link = tmp_path / ("home" if behind == "home" else "home/records")
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(data)
    before = state(data)
    home = home_of(tmp_path)
    private.write(home.make(home.records) / "20270101T000000-12345678.json", "{}")
    settings = Settings(home=home.root)
    for part in homefiles.ours_in(settings):
        assert homefiles.remove(settings, part) == ""
    home.ours.forget()
    assert link.is_symlink()
    assert state(data) == before


def test_a_copy_of_our_folder_is_not_ours(tmp_path: Path) -> None:
    """A folder copied with its mark to another home: that home's list doesn't know it."""
    home, other = home_of(tmp_path), Home(tmp_path / "other")
    home.make(home.records)
    private.write(home.records / "20270101T000000-12345678.json", "{}")
    other.root.mkdir()
    shutil.copytree(home.records, other.records)
    before = state(other.records)
    assert other.ours.remove(other.records)
    other.make(other.records)
    other.ours.remove(other.records)
    assert {k: v for k, v in before.items() if MARK not in k} == state(other.records)


def refused(*_: object, **__: object) -> None:
    raise OSError(39, "Directory not empty")


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_removal_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody meets half a folder under its name; the rest goes with the next sweep."""
    home = home_of(tmp_path)
    folder = home.make(home.engine)
    (folder / "data").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(deleting.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            home.ours.remove(folder)
    assert not folder.exists()
    assert [p for p, _ in home.ours.unfinished()]
    again = home.make(home.engine)
    home.ours.sweep()
    assert {p.name for p in home.root.iterdir()} == {MARK, "engine"}
    assert home.ours.entry(again)


def test_an_interrupted_removal_beside_notes_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where a user's note keeps the folder."""
    home = home_of(tmp_path)
    folder = home.make(home.engine)
    (folder / "data").mkdir()
    (folder / "notes").write_text("mine")
    with monkeypatch.context() as patched:
        patched.setattr(deleting.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            home.ours.remove(folder)
    assert not (folder / "data").exists()
    settings = Settings(home=home.root)
    assert set(homefiles.foreign(settings)) == {str(folder / "notes")}, "the half is ours"
    assert [left.path for left in homefiles.left_in(settings)] == [str(folder / "notes")]
    home.ours.sweep()
    assert {p.name for p in folder.iterdir()} == {MARK, "notes"}


def test_an_interrupted_removal_deep_inside_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where the note lies some folders down, beside what goes."""
    home = home_of(tmp_path)
    layers = home.make(home.images) / "layers"
    layout = home.images / "debian"
    (layout / "blobs/sha256").mkdir(parents=True)
    (layout / "index.json").write_text('"dev.buildlab.local-equivalent"')
    layers.mkdir()
    (layout / "notes").write_text("mine")
    with monkeypatch.context() as patched:
        patched.setattr(deleting.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            home.ours.remove(home.images)
    home.ours.sweep()
    home.ours.remove(home.images)
    assert [p.name for p in home.images.rglob("*")] == ["debian", "notes"]


def test_what_a_killed_process_began_is_swept(tmp_path: Path) -> None:
    """Folders of a dead process that never got their names go; those of a living one don't."""
    home = home_of(tmp_path)
    home.make(home.locks)
    dead = Entry("0" * 16, "packages", owner="1 2 x")
    home.ours.list.write(dead)
    half = home.root / f".packages.new-{dead.id}"
    (half / "new").mkdir(parents=True)
    lookalike = home.root / f".packages.new-{'1' * 16}"
    lookalike.mkdir()
    with home.ours.temporary(home.packages) as living:
        home.ours.sweep()
        assert living.is_dir()
    assert not half.exists()
    assert lookalike.is_dir(), "a name alone makes nothing ours"


def test_what_cannot_be_swept_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process's folder that can't be deleted yet, as a child of its still writes there,
    stays known as ours, and goes with a later sweep."""
    home = home_of(tmp_path)
    home.make(home.locks)
    dead = Entry("0" * 16, "work", owner="1 2 x", passing=True)
    home.ours.list.write(dead)
    half = home.root / f".work.new-{dead.id}"
    (half / "tree").mkdir(parents=True)
    with monkeypatch.context() as patched:
        patched.setattr(deleting.shutil, "rmtree", refused)
        home.ours.sweep()
        home.ours.forget()
    assert half.is_dir()
    home.ours.sweep()
    assert {p.name for p in home.root.iterdir()} == {MARK, "locks"}


def test_what_a_killed_process_noted_is_struck(tmp_path: Path) -> None:
    """Its line goes also where a folder of the user's has the name beside which it worked; so
    `clean` leaves that folder and no list."""
    home = home_of(tmp_path)
    home.root.mkdir()
    theirs = users(home.root / "modules")
    home.make(home.modules)
    home.ours.list.write(Entry("0" * 16, "modules", made=False, owner="1 2 x", passing=True))
    settings = Settings(home=home.root)
    for part in homefiles.ours_in(settings):
        assert homefiles.remove(settings, part) == ""
    home.ours.forget()
    assert {p.name for p in home.root.iterdir()} == {"modules"}
    assert (theirs / "notes/a").read_text() == "mine"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o777, 0o700])
def test_ours_is_private_whatever_the_umask(mask: int, mode: int, tmp_path: Path) -> None:
    """Folders 0700, files 0600, also in a home that is open; the user's own home stays as it is."""
    home = home_of(tmp_path)
    home.root.mkdir()
    home.root.chmod(mode)
    with umask(mask):
        for name in NAMES:
            private.write(home.make(home.root / name) / "file", "x")
        os.close(private.create(home.file("jupyter.log")))
    assert stat.S_IMODE(home.root.stat().st_mode) == mode
    for path in home.root.rglob("*"):
        assert not path.stat().st_mode & 0o077, path


def test_an_older_kits_folder_is_closed(tmp_path: Path) -> None:
    """One that the kit made open to all, before it closed its folders, is closed with its use."""
    home = home_of(tmp_path)
    home.make(home.locks).chmod(0o755)
    home.make(home.locks)
    assert stat.S_IMODE(home.locks.stat().st_mode) == 0o700


def at_root(tmp_path: Path) -> Path:
    return Path("/")


def at_users_home(tmp_path: Path) -> Path:
    return tmp_path / "user"


def at_checkout(tmp_path: Path) -> Path:
    (tmp_path / "code/.git").mkdir(parents=True)
    return tmp_path / "code"


@pytest.mark.parametrize("place", [at_root, at_users_home, at_checkout])
def test_unfit_homes_are_refused(
    place: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root, the user's home folder and a git checkout are no home; the hint names another."""
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    home = Home(place(tmp_path))
    before = sorted(home.root.iterdir())
    with pytest.raises(EngineError, match="BUILDLAB_HOME") as caught:
        home.make(home.records)
    assert "export BUILDLAB_HOME" in caught.value.hint
    assert sorted(home.root.iterdir()) == before


def test_programs_that_others_could_exchange_are_not_run(tmp_path: Path) -> None:
    """A folder that all may write to, anywhere on the way, is refused; one like /tmp is not."""
    folder = tmp_path / "open/packages"
    folder.mkdir(parents=True)
    fitness.require_safe_programs(folder)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(EngineError, match=f"{tmp_path}/open") as caught:
        fitness.require_safe_programs(folder)
    assert caught.value.hint.startswith("chmod")
    with pytest.raises(EngineError):
        ensuring.ensure(folder, ours=home_of(tmp_path).ours)
    (tmp_path / "open").chmod(0o1777)
    fitness.require_safe_programs(folder)


def test_foreign_packages_are_neither_replaced_nor_deleted(tmp_path: Path) -> None:
    """BUILDLAB_PACKAGES at somebody's folder: refused; an empty folder keeps its place."""
    home, new = home_of(tmp_path), tmp_path / "new"
    home.ours.make_home()
    theirs = users(tmp_path / "theirs")
    before = state(theirs)

    def unpacked() -> Path:
        shutil.rmtree(new, ignore_errors=True)
        (new / "bin").mkdir(parents=True)
        (new / "versions.json").write_text('{"format": 1, "packages": {}, "architecture": "x"}')
        return new

    with pytest.raises(EngineError, match="holds"):
        ensuring.put(unpacked(), theirs, home.ours)
    assert state(theirs) == before
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    inode = empty.stat().st_ino
    ensuring.put(unpacked(), empty, home.ours)
    ensuring.put(unpacked(), empty, home.ours)
    assert ensuring.present(empty)
    home.ours.remove(empty, PACKAGES)
    assert (empty.stat().st_ino, list(empty.iterdir())) == (inode, [])
    absent = tmp_path / "absent"
    ensuring.put(unpacked(), absent, home.ours)
    assert {p.name for p in absent.iterdir()} == {"bin", "versions.json"}
    home.ours.remove(absent, PACKAGES)
    assert not absent.exists()


def test_what_was_left_is_listed_with_its_reason(tmp_path: Path) -> None:
    """Each thing that clean leaves has a line, with what to type where it may be an old kit's."""
    home = home_of(tmp_path)
    users(home.root / "docker")
    (home.root / "todo.txt").write_text("mine")
    (home.make(home.records) / "notes").write_text("mine")
    left = {Path(x.path).name: x.why for x in homefiles.left_in(Settings(home=home.root))}
    assert left.keys() == {"docker", "todo.txt", "notes"}
    assert f"rm -r {home.root}/docker" in left["docker"]
    assert {str(home.root / "todo.txt"), str(home.records / "notes")} <= homefiles.foreign(
        Settings(home=home.root)
    ).keys()


def test_a_folder_that_another_has_just_made_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two make the same folder at once: the second doesn't take it for the user's."""
    folder = tmp_path / "home" / "images"
    ours, looked = Ours(tmp_path / "home"), Ours.entry
    others = iter([folder])

    def entry(self: Ours, asked: Path) -> Entry | None:
        found = looked(self, asked)
        for new in others:  # between the first look and what follows from it
            Ours(tmp_path / "home").make(new)
            (new / "assemble.lock").touch()
        return found

    monkeypatch.setattr(Ours, "entry", entry)
    ours.make(folder)
    listed = [e for e in ours.list if e.path == "images"]
    assert [(e.made, e.theirs) for e in listed] == [(True, ())]
