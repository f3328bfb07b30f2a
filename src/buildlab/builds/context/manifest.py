"""What a build could read on this machine, file by file, so that two builds can be told apart.

A record keeps no content and no plain digest of one: a short secret could be found from it. The
digests have a key that stays in this home, so they say only whether a file is another one.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from buildlab.builds.asked import flags as docker
from buildlab.builds.asked.source import Source
from buildlab.builds.context.ignoring import Rules, rules_of
from buildlab.host import private
from buildlab.record.model import Files

_MOST_ENTRIES: Final = 2_000
_MOST_BYTES: Final = 32 << 20
"""A larger context is not read a second time for this."""


class _TooMuch(Exception):
    """More than is worth reading."""


def files_of(source: Source, folder: Path) -> Files | None:
    """The files that are sent, and those of secrets; None where they aren't here or are too many.

    `folder` keeps the key.
    """
    if source.folder is None:
        return None
    try:
        key = _key(folder)
        reading = _Reading(key)
        for slot, root in {"": source.folder, **source.named}.items():
            rules = rules_of(root, None if slot else source.dockerfile)
            reading.read(root, rules, f"{slot}:" if slot else "")
        for name, path in _secrets(source).items():
            reading.add(f"secret {name}", path, path.stat(), kept=0)
    except (OSError, _TooMuch):
        return None
    return Files(hashlib.blake2b(key, digest_size=4).hexdigest(), tuple(reading.found))


def _key(folder: Path) -> bytes:
    path = folder / "key"
    if not path.exists():
        private.make_folder(folder)
        private.write(path, os.urandom(32))
    return path.read_bytes()


def _secrets(source: Source) -> Mapping[str, Path]:
    """The files of --secret, by id."""
    found = {}
    for value in docker.values(source.flags, "--secret"):
        parts = dict(part.partition("=")[::2] for part in value.split(","))
        where = parts.get("src") or parts.get("source")
        if where and parts.get("id") and Path(where).is_file():
            found[parts["id"]] = Path(where)
    return found


class _Reading:
    """Entries as "MODE DIGEST NAME", with what they have cost."""

    def __init__(self, key: bytes) -> None:
        self.key, self.found = key, list[str]()
        self.left_bytes, self.looked_at = _MOST_BYTES, 0

    def read(self, root: Path, rules: Rules, prefix: str) -> None:
        lets_in = any(rule.lets_in for rule in rules.rules)
        todo = [""]
        while todo:
            below = todo.pop()
            for entry in self._entries(root / below):
                name = f"{below}/{entry.name}" if below else entry.name
                out = rules.excluded(name) is not None
                folder = entry.is_dir(follow_symlinks=False)
                if folder and (lets_in or not out):
                    todo.append(name)
                if not out:
                    status = entry.stat(follow_symlinks=False)
                    self.add(f"{prefix}{name}", Path(entry.path), status)

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            self.looked_at += 1
            if self.looked_at > _MOST_ENTRIES:
                raise _TooMuch
            yield entry

    def add(self, name: str, path: Path, status: os.stat_result, kept: int = 0o7777) -> None:
        """Note an entry; `kept` are the bits of its mode that make a difference to a build."""
        content = b""
        if stat.S_ISLNK(status.st_mode):
            content = os.fsencode(path.readlink())
        elif stat.S_ISREG(status.st_mode):
            self.left_bytes -= status.st_size
            if self.left_bytes < 0:
                raise _TooMuch
            with suppress(PermissionError):
                content = path.read_bytes()
        digest = hashlib.blake2b(content, key=self.key, digest_size=6).hexdigest()
        self.found.append(f"{status.st_mode & kept:o} {digest} {name}")
