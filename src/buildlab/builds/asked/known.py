"""What one build must keep to itself: the values of its secrets, wherever they come from."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildlab import masking
from buildlab.builds.asked.source import Source
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError
from buildlab.masking import Masker
from buildlab.masking.given import secret_flags
from buildlab.record.flags import values

LARGEST_BYTES = 1 << 20
"""So much of a secret file is read; docker itself takes no secret of more than half of it."""
MOST_LINES = 2000
"""So many lines of one file are looked for each by itself."""


@dataclass(frozen=True, slots=True)
class Known:
    """Values to mask, and in words what of the secrets could not be read."""

    values: tuple[str, ...]
    limits: tuple[str, ...] = ()


def known(mask: Sequence[str], source: Source, engine: Engine) -> Known:
    """All values that must not be seen: named by the caller, by flags, files, URLs, Dockerfile."""
    env = engine.child_env()
    found = [*mask, *masking.given(source.flags, env), *masking.url_secrets(source.shown)]
    for value in env.values():
        if "://" in value and "@" in value:  # of a proxy, of GOPROXY
            found += masking.url_secrets(value)
    limits: list[str] = []
    for name, path in _files(source.flags, env):
        text, limit = _read(path)
        found += [text, *masking.inside(text)]
        if limit:
            limits.append(f"the secret {name!r} {limit}")
    found += masking.declared(source.text())
    return Known(tuple(dict.fromkeys(v for v in found if v)), tuple(limits))


def _files(flags: Sequence[str], env: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for flag in secret_flags(flags, env):
        if flag.file:
            yield flag.id, Path(flag.file)
    for value in values(flags, "--ssh"):
        for path in value.partition("=")[2].split(","):
            if path:
                yield value.partition("=")[0], Path(path)


def _read(path: Path) -> tuple[str, str]:
    """A file's text, and what of it is not looked for; "" where there is none to read."""
    try:
        kind = path.stat()
        if stat.S_ISSOCK(kind.st_mode):
            return "", ""  # an ssh agent, which gives no key away
        if not stat.S_ISREG(kind.st_mode):
            return "", "is no regular file: its content is not known here, and not looked for"
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES)
    except OSError:
        return "", ""
    text = data.decode("utf-8", "replace")  # as logs are read
    lines = text.splitlines()
    if kind.st_size > LARGEST_BYTES or len(lines) > MOST_LINES:
        kept = "\n".join(lines[:MOST_LINES])
        return kept, f"is large: only its first {len(kept):,} characters are looked for"
    return text, ""


@contextmanager
def kept_back(masker: Masker) -> Iterator[None]:
    """A fault that leaves the block says nothing of what `masker` knows by then."""
    try:
        yield
    except BaseException as fault:
        _hush(fault, masker, set())
        raise


def _hush(fault: BaseException | None, masker: Masker, seen: set[int]) -> None:
    """Mask a fault's words and notes, and those of the faults that it came from."""
    if fault is None or id(fault) in seen:
        return
    seen.add(id(fault))
    fault.args = tuple(masker(a) if isinstance(a, str) else a for a in fault.args)
    if isinstance(fault, BuildlabError):
        fault.message, fault.hint = masker(fault.message), masker(fault.hint)
    if notes := getattr(fault, "__notes__", None):
        fault.__notes__ = [masker(note) for note in notes]
    _hush(fault.__cause__, masker, seen)
    _hush(fault.__context__, masker, seen)
