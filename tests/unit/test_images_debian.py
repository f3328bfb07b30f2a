"""What is taken of a Debian tree while mmdebstrap is at work."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from buildlab.engine.images.debian import KEEP


def test_the_machines_shared_memory_is_not_taken(tmp_path: Path) -> None:
    """A tree that grows in /dev/shm shows it inside, and is on the same file system: whatever the
    machine has there, another set-up's tree too, stays out."""
    tree, file = tmp_path / "tree", tmp_path / "slim.tar"
    for name in ("etc/passwd", "dev/shm/others/secret"):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_text("x")
    subprocess.run(["sh", "-c", KEEP.format(file=file), "sh", str(tree)], check=True)
    with tarfile.open(file) as found:
        names = found.getnames()
    assert "./etc/passwd" in names and "./dev/shm" in names
    assert not [name for name in names if "others" in name]
