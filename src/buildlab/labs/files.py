"""The files of a folder, in their order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files(root: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder, each with its path from there."""
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path
