"""Whose a file is, what mode it gets, and which places are not used because others get in."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from buildlab.errors import EngineError
from buildlab.host import fitness, outfile, private
from buildlab.host.paths import socket_folder

ANOTHER = 4711
"""An account that is neither root nor who runs the tests, which run as root."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def masked(request: pytest.FixtureRequest) -> int:
    """The umask of the parameter, until the test ends."""
    mask: int = request.param
    before = os.umask(mask)
    request.addfinalizer(lambda: os.umask(before))
    return mask


@pytest.mark.parametrize("masked", [0o022, 0o077, 0o027, 0], indirect=True)
def test_a_users_file_gets_the_users_mode(masked: int, tmp_path: Path) -> None:
    """At a path that the user named, a new file's mode is what the umask leaves."""
    file = tmp_path / "metadata.json"
    outfile.write(file, "{}")
    assert mode(file) == 0o666 & ~masked
    outfile.write(tmp_path / "record.json", "{}", mode=0o600)
    assert mode(tmp_path / "record.json") == 0o600 & ~masked


@pytest.mark.parametrize("masked", [0o022, 0o077], indirect=True)
@pytest.mark.parametrize("before", [0o600, 0o640, 0o666, 0o755])
def test_a_file_that_is_there_keeps_its_mode(masked: int, before: int, tmp_path: Path) -> None:
    """Whatever the umask is; and nothing else is left beside it."""
    file = tmp_path / "metadata.json"
    file.write_text("old")
    file.chmod(before)
    outfile.write(file, "new")
    assert (file.read_text(), mode(file)) == ("new", before)
    assert [p.name for p in tmp_path.iterdir()] == ["metadata.json"]
    assert masked


def linked(folder: Path) -> None:
    real = folder.with_name("real")
    real.mkdir(mode=0o700)
    folder.symlink_to(real)


def of_another(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, ANOTHER, ANOTHER)


@pytest.mark.parametrize(
    "made",
    [of_another, linked, lambda f: f.mkdir(mode=0o755), lambda f: f.write_text("")],
    ids=["another account's", "a link", "open", "a file"],
)
def test_a_socket_folder_of_somebody_elses_is_not_used(
    made: Callable[[Path], None], tmp_path: Path
) -> None:
    """Its name can be guessed, so another account may have made it first."""
    folder = tmp_path / "sockets"
    made(folder)
    with pytest.raises(PermissionError, match="not used"):
        private.require_private(folder)


def test_the_short_socket_folder_is_looked_at(tmp_path: Path) -> None:
    """An engine doesn't start on sockets that lie in another account's folder; it says which."""
    from buildlab.engine.embedded import launch

    state = tmp_path / ("x" * 120)
    folder = socket_folder(state)
    assert folder.parent in (Path("/run"), Path("/tmp"))
    of_another(folder)
    try:
        with pytest.raises(EngineError, match=str(folder)) as caught:
            launch.start(state, Path("/nonexistent"), name="x")
        assert "another account" in caught.value.message
        assert folder.is_dir()
    finally:
        if folder.is_dir():
            folder.rmdir()


def engine_in(place: Path) -> Path:
    """A folder like that of the engine's packages, open to read as one that was copied is."""
    folder = place / "packages"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/dockerd").write_text("")
    folder.chmod(0o755)
    fitness.require_safe_programs(folder)
    return folder


@pytest.mark.parametrize("part", ["", "bin", "bin/dockerd"])
@pytest.mark.parametrize("how", ["open", "another's"])
def test_no_part_of_the_engine_can_be_exchanged(part: str, how: str, tmp_path: Path) -> None:
    """The folder, the folders in it and the programs: open to others or theirs, it isn't run."""
    folder = engine_in(tmp_path)
    if how == "open":
        (folder / part).chmod(0o777)
    else:
        os.chown(folder / part, ANOTHER, ANOTHER)
    with pytest.raises(EngineError, match="root") as caught:
        fitness.require_safe_programs(folder)
    assert "BUILDLAB_PACKAGES" in caught.value.hint or caught.value.hint.startswith("chmod")


def test_who_owns_a_folder_above_could_exchange_the_engine(tmp_path: Path) -> None:
    """An account may rename what lies in a folder of its own, whoever that belongs to."""
    folder = engine_in(tmp_path / "theirs")
    os.chown(tmp_path / "theirs", ANOTHER, ANOTHER)
    with pytest.raises(EngineError, match="theirs belongs to another account"):
        fitness.require_safe_programs(folder)


@pytest.mark.parametrize("how", ["open", "another's", "another's link"])
def test_a_link_to_the_engine_that_others_can_turn(how: str, tmp_path: Path) -> None:
    """The folder is safe, but the way to it isn't."""
    folder = engine_in(tmp_path / "safe")
    way = tmp_path / "way"
    way.mkdir()
    (way / "link").symlink_to(folder.parent)
    fitness.require_safe_programs(way / "link/packages")
    if how == "open":
        way.chmod(0o777)
    elif how == "another's":
        os.chown(way, ANOTHER, ANOTHER)
    else:
        os.lchown(way / "link", ANOTHER, ANOTHER)
    with pytest.raises(EngineError, match="way"):
        fitness.require_safe_programs(way / "link/packages")
