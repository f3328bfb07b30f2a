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

from buildlab.builds.asked.source import Source
from buildlab.builds.context.guard import attributes
from buildlab.builds.context.ignoring import Rules, rules_of
from buildlab.host import private
from buildlab.masking.given import given, secret_flags
from buildlab.record import flags as docker
from buildlab.record.steps import Files

_MOST_ENTRIES: Final = 2_000
_LARGEST_SECRET_BYTES: Final = 1 << 20
_MOST_BYTES: Final = 32 << 20
"""A larger context is not read a second time for this."""


class _TooMuch(Exception):
    """More than is worth reading: of what, in words."""


def files_of(source: Source, folder: Path, env: Mapping[str, str]) -> Files | None:
    """The files that are sent; what secrets and keys for ssh hold. None where nothing is known.

    `folder` keeps the key, `env` is the client's environment.
    """
    try:
        key = _key(folder)
        secrets = tuple(_secrets(source, key, env))
    except OSError:
        return None
    name = hashlib.blake2b(key, digest_size=4).hexdigest()
    if source.folder is None:
        return Files(name, secrets, "the context is no folder of this machine")
    reading = _Reading(key)
    try:
        for slot, root in {"": source.folder, **source.named}.items():
            rules = rules_of(root, None if slot else source.dockerfile)
            reading.read(root, rules, f"{slot}:" if slot else "")
    except OSError as fault:
        return Files(name, secrets, f"the context could not be read ({fault.strerror})")
    except _TooMuch as limit:
        return Files(name, secrets, f"the context has more than {limit}, and no more is looked at")
    return Files(name, (*reading.found, *secrets))


def _key(folder: Path) -> bytes:
    path = folder / "key"
    if not path.exists():
        private.make_folder(folder)
        private.write(path, os.urandom(32))
    return path.read_bytes()


def _secrets(source: Source, key: bytes, env: Mapping[str, str]) -> Iterator[str]:
    """An entry for each --secret and --ssh whose content is a file's or a variable's, and for
    each --build-arg whose value is masked: its text would be the same after any change."""
    for flag in secret_flags(source.flags, env):
        if flag.file and Path(flag.file).is_file():
            yield f"0 {_digest(_read(flag.file), key)} secret {flag.id}"
        elif flag.variable in env:
            yield f"0 {_digest(os.fsencode(env[flag.variable]), key)} secret {flag.id}"
    for value in docker.values(source.flags, "--ssh"):
        name, _, places = value.partition("=")
        if keys := [_read(place) for place in places.split(",") if Path(place).is_file()]:
            yield f"0 {_digest(b''.join(keys), key)} ssh {name}"
    for value in docker.values(source.flags, "--build-arg"):
        if given(("--build-arg", value), env):
            name, equals, text = value.partition("=")
            text = text if equals else env.get(name, "")
            yield f"0 {_digest(os.fsencode(text), key)} argument {name}"


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_LARGEST_SECRET_BYTES)


def _digest(content: bytes, key: bytes) -> str:
    return hashlib.blake2b(content, key=key, digest_size=6).hexdigest()


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
                raise _TooMuch(f"{_MOST_ENTRIES:,} entries")
            yield entry

    def add(self, name: str, path: Path, status: os.stat_result) -> None:
        """Note an entry."""
        content = b""
        if stat.S_ISLNK(status.st_mode):
            content = os.fsencode(path.readlink())
        elif stat.S_ISREG(status.st_mode):
            self.left_bytes -= status.st_size
            if self.left_bytes < 0:
                raise _TooMuch(f"{_MOST_BYTES >> 20} MiB")
            with suppress(PermissionError):
                content = path.read_bytes()
        if extended := attributes(os.fspath(path)):
            content += f"\0{extended}".encode()
        self.found.append(f"{status.st_mode & 0o7777:o} {_digest(content, self.key)} {name}")
