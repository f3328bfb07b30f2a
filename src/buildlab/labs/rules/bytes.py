"""Rules of the same bytes: built again, in another folder, elsewhere, on a base that moved."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildlab.artifact import oci
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine as engines
from buildlab.engine.model import Engine
from buildlab.host import unpacking
from buildlab.labs.company_base import CompanyBase
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import NotBuilt, Trial, Ungradable, error_text
from buildlab.services.registry import reached_by

_LIMIT_S = 240.0


@dataclass(frozen=True, slots=True)
class _Image:
    digest: str
    files: Mapping[str, str]
    """Path → mode and content, as one digest; of all layers, the top ones winning."""


@rule
def same_digest(trial: Trial, *, elsewhere: bool = False) -> Seen:
    """The image is built once more with nothing cached, later, from another folder whose files
    have other times and are open to their group: its digest is the same.

    `elsewhere`: on an engine that is empty, with a Go image that the lab has not touched. Facts:
    `same`, `files` (how many differ), `first` (one that differs, "" where only the configuration
    does).
    """
    first = _first(trial)
    with _other_folder(trial.tree.path) as tree:
        if not elsewhere:
            flags = (*trial.bench.flags, "--no-cache")
            second = _image(trial, "once more, nothing cached", trial.engine, tree, flags)
        else:
            trial.progress("building it on an empty engine")
            with engines(fresh=True) as other, _reaching(trial, other):
                second = _image(trial, "on an empty engine", other, tree, ())
    return _compared(first, second, "on an empty engine" if elsewhere else "once more")


@rule
def same_on_moved_base(trial: Trial) -> Seen:
    """When the tag of the company's base points to another image, the answer's image is the same.

    Facts: `same`, `files`, `first`; and the tag is seen to have moved.
    """
    base = _base(trial)
    first = _first(trial)
    with base.moved() as digest:
        if digest == base.digest:
            raise Ungradable("the tag of the base didn't move", "try again")
        second = _image(
            trial, "with the base's tag moved", trial.engine, trial.tree, trial.bench.flags
        )
    return _compared(first, second, "with the base's tag moved")


@rule
def built_on_base(trial: Trial) -> Seen:
    """The image is built on the company's base. Facts: `based`."""
    _base(trial)
    based = "etc/harbour-release" in _first(trial).files
    if not based:
        return Seen(False, "the image has another base than the company's", {"based": False})
    return Seen(True, "the image is built on the company's base", {"based": True})


@rule
def carries_archive(trial: Trial, *, path: str, holds: tuple[str, ...]) -> Seen:
    """The image has this archive, and these files are in it by name. Facts: `there`, `missing`."""
    packed = trial.once("archive", lambda: _file_in(trial, path))
    facts: dict[str, Fact] = {"there": packed is not None, "missing": len(holds)}
    if packed is None:
        return Seen(False, f"the image has no {path}", facts)
    plain = unpacking.decompressed(packed, path)
    try:
        with tarfile.open(fileobj=io.BytesIO(packed if plain is None else plain)) as tree:
            names = {entry.name.rpartition("/")[2] for entry, data in unpacking.files(tree) if data}
    except tarfile.TarError as fault:
        return Seen(False, f"{path} is no archive: {fault}", facts)
    missing = [name for name in holds if name not in names]
    facts["missing"] = len(missing)
    if missing:
        return Seen(False, f"{path} lacks {', '.join(missing)}", facts)
    return Seen(True, f"{path} holds {', '.join(holds)}", facts)


def _first(trial: Trial) -> _Image:
    """The image of the answer as it is."""

    def make() -> _Image:
        trial.built()
        flags = trial.bench.flags
        return _image(trial, "its image, as a file", trial.engine, trial.tree, flags)

    return trial.once("first image", make)


def _image(
    trial: Trial, title: str, engine: Engine, tree: Workspace, flags: tuple[str, ...]
) -> _Image:
    with tempfile.TemporaryDirectory(prefix="buildlab-") as folder:
        path = Path(folder, "image.tar")
        arguments = [f"--build-arg={k}={v}" for k, v in trial.handed.arguments.items()]
        record = build(
            tree,
            *(*flags, *arguments, *trial.handed.flags, "--provenance=false"),
            f"--output=type=oci,dest={path},rewrite-timestamp=true",
            title=title,
            engine=engine,
            output="none",
            cache_ns=trial.bench.cache_ns,
            timeout_s=_LIMIT_S,
        )
        trial.records[title] = record
        trial.asked.append(title)
        if not record.ok:
            raise NotBuilt(f"{title}: the build fails", error_text(record))
        return _read(path)


def _read(path: Path) -> _Image:
    found: dict[str, str] = {}
    seen = oci.read(path)
    with tarfile.open(path) as archive:
        for layer in seen.layers:
            data = unpacking.content(archive, f"blobs/{layer.replace(':', '/')}")
            plain = unpacking.decompressed(data, layer)
            with tarfile.open(fileobj=io.BytesIO(data if plain is None else plain)) as tree:
                for entry, content in unpacking.files(tree, layer):
                    told = f"{entry.mode:o} {entry.mtime} ".encode() + content
                    found[entry.name] = hashlib.sha256(told).hexdigest()
    return _Image(seen.manifest_digest, found)


def _file_in(trial: Trial, wanted: str) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="buildlab-") as folder:
        path = Path(folder, "files.tar")
        trial.again(
            flags=(f"--output=type=tar,dest={path}",), title="its files, as an archive",
            output="none",
        )  # fmt: skip
        with tarfile.open(path) as tree:
            for entry, content in unpacking.files(tree):
                if entry.name.lstrip("./") == wanted.lstrip("/"):
                    return content
    return None


def _compared(first: _Image, second: _Image, how: str) -> Seen:
    names = sorted({*first.files, *second.files})
    other = [n for n in names if first.files.get(n) != second.files.get(n)]
    same = first.digest == second.digest
    facts: dict[str, Fact] = {
        "same": same,
        "files": len(other),
        "first": f"/{other[0]}" if other else "",
    }
    if same:
        return Seen(True, f"{how} it is the same: {first.digest[:19]}", facts)
    what = ", ".join(f"/{n}" for n in other[:4]) or "the configuration"
    return Seen(False, f"{how} it is another image; what differs: {what}", facts)


@contextmanager
def _other_folder(tree: Path) -> Iterator[Workspace]:
    """A copy of the answer under another name, with other times, open to its group."""
    with workspace(tree) as copy:
        for folder, _, names in os.walk(copy.path):
            for path in (Path(folder), *(Path(folder, name) for name in names)):
                mode = path.stat().st_mode
                path.chmod(mode | (mode & 0o700) >> 3)
                os.utime(path, (1_600_000_000, 1_600_000_000))
        yield copy


@contextmanager
def _reaching(trial: Trial, other: Engine) -> Iterator[None]:
    base = trial.handed.base
    if base is None:
        yield
        return
    with reached_by(base.shop, other):
        yield


def _base(trial: Trial) -> CompanyBase:
    if trial.handed.base is None:
        raise Ungradable("this lab has no base of the company", 'gives = ["company base"]')
    return trial.handed.base
