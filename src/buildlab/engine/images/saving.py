"""Pulled images as archives, so that fresh engines start with them instead of pulling again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from buildlab.engine.images.model import BaseImage, slug
from buildlab.engine.model import Engine
from buildlab.host import child, ours, private

_LIMIT_S = 600
_ARCHIVE = re.compile(r"pulled-.+-[0-9a-f]{16}\.(tar|part)")


def saved(engine: Engine, images: Sequence[BaseImage], folder: Path) -> tuple[Path, ...]:
    """An archive in `folder` for each of these images that was pulled, made where it is not there.

    Archives of the same name with another digest are deleted. Raises EngineError with docker's
    words.
    """
    private.make_folder(folder)
    with FileLock(folder / "saving.lock", mode=0o600):
        return tuple(_saved(engine, i, folder) for i in images if i.origin == "pulled")


def _saved(engine: Engine, image: BaseImage, folder: Path) -> Path:
    start = f"pulled-{slug(image.name)}-"
    target = folder / f"{start}{image.digest.rpartition(':')[2][:16]}.tar"
    if target.is_file():
        return target
    home = ours.of(folder)
    entry = home.entry(folder)
    for older in folder.glob(f"{start}*"):
        if _ARCHIVE.fullmatch(older.name) and not (entry and older.name in entry.theirs):
            older.unlink()
    part = target.with_suffix(".part")
    argv = [*engine.cli, "save", "--output", str(part), image.name]
    look = "look at it: buildlab engine status"
    try:
        done = child.run(
            argv, env=engine.child_env(), limit_s=_LIMIT_S, what=f"saving {image.name}", late=look
        )
        done.require_ok(f"the engine doesn't give {image.name}", look)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.chmod(0o600)
    part.replace(target)
    return target
