"""`clean` on a home of the kit's own engine: all of it goes, and nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from buildlab import engine as engines
from buildlab.builds.workspace import workspace
from buildlab.engine import clean, inventory
from buildlab.engine.docker import candidates
from buildlab.engine.docker.owned import Made
from buildlab.engine.embedded import instance, shared
from buildlab.engine.inventory import Item
from buildlab.engine.packages import ensuring
from buildlab.errors import EngineError
from buildlab.host import homefiles
from buildlab.host.process import ProcessId
from buildlab.host.settings import Settings


@pytest.fixture
def alone(
    new_home: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Settings:
    """A home of this test's own, on a machine without Docker."""
    settings = new_home("home")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDLAB_BUILDER"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("BUILDLAB_HOME", str(settings.home))
    monkeypatch.setenv("BUILDLAB_PACKAGES", str(settings.packages_dir))
    monkeypatch.setenv("BUILDLAB_ENGINE", "embedded")
    monkeypatch.setattr(candidates, "DEFAULT_SOCKET", str(tmp_path / "none.sock"))
    return settings


def names(found: clean.Cleaned) -> set[str]:
    return {r.name for r in found.removals}


def test_engine_and_files_go(alone: Settings) -> None:
    """A running engine ends, its folders and the home go; packages outside the home stay."""
    running = shared.ensure(alone)
    pid = running.netns_pid
    assert pid
    alone.paths.make(alone.paths.records)
    plan = clean.clean(alone, dry_run=True)
    assert "embedded, running" in names(plan)
    assert shared.find(alone), "a dry run stops nothing"
    done = clean.clean(alone)
    assert done.ok
    assert done.removals == plan.removals
    assert instance.attach(alone.paths.engine) is None
    assert ProcessId.of(pid) is None
    assert not alone.home.exists()
    assert alone.packages_dir
    assert ensuring.present(alone.packages_dir)
    mounts = Path("/proc/self/mounts").read_text()
    assert str(alone.home) not in mounts


def test_what_the_user_put_into_the_home_stays(alone: Settings) -> None:
    """What the kit made is deleted; all else stays as it is, is listed, counted and compared."""
    for folder in ("docker", "records", "packages.part-x1", "my-notes", "bundle"):
        (alone.home / folder).mkdir(parents=True)
        (alone.home / folder / "file").write_text("x")
    (alone.home / "todo.txt").write_text("x")
    before = {p: p.stat() for p in sorted(alone.home.rglob("*")) if p.is_file()}
    with workspace(alone.home / "my-notes", keep=True):
        pass
    alone.paths.make(alone.paths.contexts)
    done = clean.clean(alone)
    assert done.ok
    assert {"work", "contexts"} <= names(done)
    assert {p: p.stat() for p in sorted(alone.home.rglob("*")) if p.is_file()} == before
    left = {Path(x.path).name for x in done.left} - {"packages"}
    assert left == {"docker", "records", "packages.part-x1", "my-notes", "bundle", "todo.txt"}
    (proof,) = (p for p in done.proofs if str(alone.home) in p.where)
    assert (proof.before, proof.after) == (11, 11), "five folders, six files"


def test_the_proof_sees_what_was_lost(alone: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should anything of others in the home go all the same, it is named, and all is not well."""
    (alone.home / "mine").mkdir(parents=True)
    (alone.home / "mine/file").write_text("x")
    alone.paths.make(alone.paths.contexts)
    monkeypatch.setattr(
        homefiles, "remove", lambda *_: str((alone.home / "mine/file").unlink() or "")
    )
    done = clean.clean(alone)
    assert not done.ok
    assert [p.lost for p in done.proofs if p.lost] == [(str(alone.home / "mine/file"),)]


def test_records_are_kept_on_request(alone: Settings) -> None:
    """They stay the kit's: a later clean without that wish removes them."""
    record = alone.paths.make(alone.paths.records) / "20270101T000000-12345678.json"
    record.write_text("{}")
    assert clean.clean(alone, keep_records=True).ok
    assert record.exists()
    assert clean.clean(alone).ok
    assert not alone.home.exists()


def test_read_only_folders_go_too(alone: Settings, tmp_path: Path) -> None:
    """Go's module cache is read-only; a work folder that holds one is deleted all the same."""
    with workspace(tmp_path / "user", keep=True) as tree:
        module = tree.path / "pkg/mod"
        module.mkdir(parents=True)
        (module / "file").write_text("x")
        module.chmod(0o500)
    assert clean.clean(alone).ok
    assert not alone.home.exists()


def test_links_are_removed_and_not_followed(alone: Settings, tmp_path: Path) -> None:
    """A link in the kit's folders goes; a link that the user made of one stays, as its target."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("x")
    with workspace(theirs, keep=True) as tree:
        (tree.path / "link").symlink_to(theirs)
    (alone.home / "records").symlink_to(theirs)
    assert clean.clean(alone).ok
    assert (theirs / "file").read_text() == "x"
    assert (alone.home / "records").is_symlink()


def test_a_docker_that_is_gone_is_listed_and_remembered(alone: Settings, tmp_path: Path) -> None:
    """What is left in a Docker that does not answer stays listed, and its record stays for the
    next time."""
    record = alone.home / "docker/0123/made.json"
    alone.paths.make(record.parent)
    Made(f"unix://{tmp_path}/gone.sock", "buildlab-x", "x", "image").write(record)
    done = clean.clean(alone)
    assert not done.ok
    (kept,) = (r for r in done.removals if r.what == "builder")
    assert "does not answer" in kept.kept
    assert record.is_file()


def test_a_file_of_the_lists_name_stays(alone: Settings) -> None:
    """The kit's list is a folder; a file of the user's that has its name is not the kit's."""
    alone.home.mkdir()
    theirs = alone.home / ".buildlab"
    theirs.write_text("theirs")
    clean.clean(alone)
    assert theirs.read_text() == "theirs"
    with pytest.raises(EngineError, match=re.escape(str(theirs))):
        alone.paths.make(alone.paths.records)
    theirs.unlink()  # for the fixture, which resets the home's engine


def test_nothing_there_is_fine(alone: Settings) -> None:
    """On a machine where nothing was made, nothing is removed and all is well."""
    done = clean.clean(alone)
    assert done.ok
    assert done.removals == ()


@pytest.mark.parametrize(
    ("session", "ours"),
    [
        ("12345678", True),
        ("12345678-abcdef", True),
        ("123456789", False),
        ("1234567", False),
        ("abcdef-12345678", False),
        ("", False),
    ],
)
def test_whose_something_is(session: str, ours: bool) -> None:
    """The home's own session and its fresh ones are ours; a longer or empty one is not."""
    assert inventory.is_ours(Item("image", "id", "name", session), "12345678") is ours


def test_the_shared_engine_comes_back_after_clean(alone: Settings) -> None:
    """`current()` starts a new engine where the one it knew was stopped behind its back."""
    first = engines.current()
    shared.stop(alone)
    again = engines.current()
    assert again.netns_pid != first.netns_pid
    assert shared.find(alone)
    engines.forget()
