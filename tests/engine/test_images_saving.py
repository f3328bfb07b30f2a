"""Pulled images reach fresh engines without being pulled again."""

from __future__ import annotations

import subprocess
from pathlib import Path

from buildlab.engine.embedded import shared
from buildlab.engine.embedded.fresh import fresh
from buildlab.engine.images.model import DEBIAN, BaseImage
from buildlab.engine.images.saving import saved
from buildlab.host.settings import Settings


def test_a_fresh_engine_has_what_the_shared_one_pulled(
    private: Settings, busybox_context: Path, tmp_path: Path
) -> None:
    """The archive is written once; from it a fresh engine has the image by the same digest."""
    running = shared.ensure(private)
    subprocess.run(
        [*running.buildx, "build", "--load", f"--tag={DEBIAN}", str(busybox_context)],
        env=running.child_env(),
        check=True,
        timeout=120,
    )
    digest = str(running.client().images.get(DEBIAN).id)
    image = BaseImage(DEBIAN, digest, "pulled", "", 0)
    local = BaseImage("other:1", digest, "local equivalent", "", 0)

    archives = saved(running, [image, local], tmp_path / "images")
    again = saved(running, [image], tmp_path / "images")

    assert archives == again
    assert len(archives) == 1
    shared.stop(private)
    with fresh(private, archives) as runner:
        assert runner.client().images.get(DEBIAN).id == digest


def test_an_older_archive_goes(private: Settings, busybox_context: Path, tmp_path: Path) -> None:
    """When a tag has moved, the archive of what it was is deleted."""
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "pulled-debian-trixie-slim-0123456789abcdef.tar").write_text("older")
    running = shared.ensure(private)
    subprocess.run(
        [*running.buildx, "build", "--load", f"--tag={DEBIAN}", str(busybox_context)],
        env=running.child_env(),
        check=True,
        timeout=120,
    )
    image = BaseImage(DEBIAN, str(running.client().images.get(DEBIAN).id), "pulled", "", 0)
    (kept,) = saved(running, [image], folder)
    assert [p for p in folder.iterdir() if p.suffix == ".tar"] == [kept]
