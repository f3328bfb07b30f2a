"""The embedded engine on a disk that is full, that is slow, or that can't take overlay mounts."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildlab.engine.embedded import shared
from buildlab.engine.embedded.fresh import fresh
from buildlab.engine.model import Engine
from buildlab.errors import DiskFull
from buildlab.host.settings import Settings


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A folder to mount something on."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def run(engine: Engine, *argv: str) -> str:
    done = subprocess.run(
        argv, env=engine.child_env(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_memory(file: Path) -> float:
    """The share of a file's pages that a read would not have to fetch from the disk."""
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
        pages = (ctypes.c_ubyte * -(-len(mapped) // mmap.PAGESIZE))()
        start = ctypes.byref(ctypes.c_char.from_buffer(mapped))
        failed = ctypes.CDLL(None).mincore(start, ctypes.c_size_t(len(mapped)), pages)
        del start
    assert not failed
    return sum(page & 1 for page in pages) / len(pages)


def test_databases_are_read_in_order_before_the_engine_opens_them(private: Settings) -> None:
    """The engine need not gather its database page by page from a slow disk, and run out of time.

    dockerd gives containerd seconds for that; a start after other work of the disk failed.
    """
    database = private.paths.make(private.paths.engine) / "data" / "buildkit" / "planted.db"
    database.parent.mkdir(parents=True)
    with database.open("wb") as file:
        file.write(bytes(8 << 20))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if in_memory(database) == 1:
        pytest.skip(f"{database} is on a file system in memory")
    shared.ensure(private)
    assert in_memory(database) == 1


def test_full_disk(mounted: Path, engine_packages: Path, busybox_context: Path) -> None:
    """On a full disk the fault is named with bytes and remedy; with space again, all is there."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(mounted)], check=True)
    settings = Settings(home=mounted / "home", packages_dir=engine_packages)
    engine = shared.ensure(settings)
    run(engine, *engine.buildx, "build", "--load", "--tag=kept", str(busybox_context))
    shared.stop(settings)
    subprocess.run(
        ["dd", "if=/dev/zero", f"of={mounted}/fill", "bs=64k"], check=False, capture_output=True
    )
    try:
        with pytest.raises(DiskFull, match=r"\d+ MiB free") as caught:
            shared.ensure(settings)
        assert "buildlab engine reset" in caught.value.hint
        (mounted / "fill").unlink()
        engine = shared.ensure(settings)
        assert "kept" in run(engine, *engine.cli, "image", "ls", "--format={{.Repository}}")
    finally:
        shared.reset(settings)


def test_home_on_an_overlay(
    mounted: Path, engine_packages: Path, busybox_context: Path, tmp_path: Path
) -> None:
    """Where the home folder is on an overlay (a container's root), engines copy layers instead."""
    for name in ("lower", "upper", "work"):
        (tmp_path / name).mkdir()
    options = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(mounted)], check=True)
    settings = Settings(home=mounted / "home", packages_dir=engine_packages)
    try:
        engine = shared.ensure(settings)
        run(engine, *engine.buildx, "build", "--load", "--tag=base", str(busybox_context))
        run(engine, *engine.cli, "image", "save", f"--output={mounted}/base.tar", "base")
        with fresh(settings, [mounted / "base.tar"]) as other:
            assert run(other, *other.cli, "run", "--rm", "base").strip().isdigit()
    finally:
        shared.reset(settings)
