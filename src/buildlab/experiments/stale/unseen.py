"""When a build gets old bytes, or another folder's: shown without the kit's guard, and cured."""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.client import plain
from buildlab.builds.workspace import workspace
from buildlab.engine import Engine, engine
from buildlab.host import unpacking
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State

HERE = Path(__file__).parent
OLD, NEW = "v1.4.1\n", "v1.4.2\n"
"""As long as each other, as two versions often are."""

STAMP_S = 1_500_000_000
"""The time that a reproducible generator, an archive or `cp -p` gives a file."""

FILE = "VERSION"


class Shipped(NamedTuple):
    """What a build put in its result: text by file, mode by folder."""

    record: BuildRecord
    files: Mapping[str, str]
    modes: Mapping[str, int]

    @property
    def cached(self) -> bool:
        """Whether the last step was taken from the cache."""
        return list(self.record.states().values())[-1:] == [State.CACHED]


class Try(NamedTuple):
    """How the second build is made: of which folder, with which flags, as which client."""

    folder: Path
    flags: tuple[str, ...] = ()
    env: dict[str, str | None] | None = None


Attempt = Callable[[Path], Try]


def stamped(path: Path, text: str) -> None:
    """Write a file and give it the old time: size and time say that nothing happened."""
    path.write_text(text)
    os.utime(path, (STAMP_S, STAMP_S))


def project(parent: Path, name: str, files: Mapping[str, str]) -> Path:
    """A folder to build that the kit does not guard, with files of one time."""
    folder = parent / name
    (folder / "data").mkdir(parents=True)
    shutil.copy(HERE / "program" / "copy.Dockerfile", folder / "Dockerfile")
    (folder / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
    (folder / "data" / "salt").write_text(name)
    for file, text in files.items():
        stamped(folder / file, text)
    return folder


def ship(tried: Try, title: str, *, lab: Engine | None = None) -> Shipped:
    """Build without the guard, and read what came out."""
    result = tried.folder.parent / f"result-{secrets.token_hex(4)}.tar"
    record = plain.unguarded(
        tried.folder,
        f"--output=type=tar,dest={result}",
        *tried.flags,
        title=title,
        engine=lab,
        env=tried.env,
    )
    return Shipped(record, *unpacked(result)) if record.ok else Shipped(record, {}, {})


def unpacked(result: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Text by file and mode by folder of a tar that a build wrote."""
    files, modes = {}, {}
    with tarfile.open(result) as tar:
        for member, content in unpacking.files(tar, result.name):
            files[member.name] = content.decode("utf-8", "replace")
        for member in tar.getmembers():
            if member.isdir():
                modes[member.name.rstrip("/")] = member.mode & 0o777
    return files, modes


def fresh_name(title: str) -> str:
    """A folder name that no engine has seen."""
    return f"{title}-{secrets.token_hex(4)}"


def then(change: Callable[[Path], object], *flags: str) -> Attempt:
    """Change the folder, then build it with these flags."""

    def attempt(folder: Path) -> Try:
        change(folder)
        return Try(folder, flags)

    return attempt


def _linked(folder: Path) -> Try:
    link = folder.with_name(f"{folder.name}-link")
    link.symlink_to(folder)
    return Try(link)


def _rewritten(file: Path) -> None:
    text = file.read_text()
    file.unlink()
    file.write_text(text)


def _narrower(folder: Path) -> None:
    (folder / "Dockerfile").write_text(f"FROM scratch\nCOPY {FILE} data /\n")


def _longer(folder: Path) -> None:
    stamped(folder / FILE, f"{NEW}\n")


def _from_named(folder: Path) -> Try:
    shutil.copy(HERE / "program" / "named.Dockerfile", folder / "Dockerfile")
    return Try(folder, (f"--build-context=src={folder}",))


ATTEMPTS: Mapping[str, Attempt] = {
    "build again": Try,
    "--no-cache": lambda folder: Try(folder, ("--no-cache",)),
    "--pull": lambda folder: Try(folder, ("--pull",)),
    "another COPY instruction": then(_narrower),
    "one more file beside it": then(lambda f: (f / "more").write_text("more\n")),
    "touch the folder": then(os.utime),
    "touch the file": then(lambda f: os.utime(f / FILE)),
    "chmod the file": then(lambda f: (f / FILE).chmod(0o600)),
    "one byte more": then(_longer),
    "delete and write, as git checkout": then(lambda f: _rewritten(f / FILE)),
    "another folder name": lambda folder: Try(folder.rename(f"{folder}-2")),
    "a link of another name": _linked,
    "a named context, for the first time": _from_named,
}

PRUNES: Mapping[str, tuple[str, ...]] = {
    "prune step results (type=regular)": ("--filter=type=regular",),
    "prune received files (type=source.local)": ("--filter=type=source.local",),
    "prune --all": ("--all",),
}


@experiment()
def hidden_edit() -> Runs:
    """A file is rewritten with equal size and time; then each attempt to get the new bytes.

    Facts, for each attempt: "<attempt>: new bytes arrive", and "<attempt>: COPY was cached" for
    the first two. The records are the builds before and after the edit, without the guard and
    with it: only "unguarded, after" holds old bytes ("with the guard: new bytes arrive").
    """
    rows: list[Row] = []
    with engine() as lab, workspace(HERE / "program") as tree:
        for name, attempt in ATTEMPTS.items():
            rows.append(_tried(tree.path, name, attempt, lab))
        with plain.other_client(lab) as client:
            asked = "another client (BUILDX_CONFIG)"
            rows.append(_tried(tree.path, asked, lambda folder: Try(folder, (), client), lab))
        rows += _pruned(tree.path)
        records, guarded = _with_and_without(tree.path, lab)
    facts: dict[str, Fact] = {f"{r['tried']}: new bytes arrive": r["cures"] for r in rows}
    facts |= {f"{r['tried']}: COPY was cached": r["COPY"] == "cached" for r in rows[:2]}
    facts["with the guard: new bytes arrive"] = guarded
    return Runs(records, facts, rows=tuple(rows))


def _tried(parent: Path, name: str, attempt: Attempt, lab: Engine) -> Row:
    folder = project(parent, fresh_name("app"), {FILE: OLD})
    ship(Try(folder), "before", lab=lab).record.require_ok()
    stamped(folder / FILE, NEW)
    return _row(name, ship(attempt(folder), name, lab=lab))


def _row(name: str, after: Shipped) -> Row:
    after.record.require_ok()
    new = after.files[FILE].strip() == NEW.strip()
    return {
        "tried": name,
        "COPY": "cached" if after.cached else "ran",
        "bytes": "new" if new else "old",
        "cures": new,
    }


def _pruned(parent: Path) -> list[Row]:
    """The same on an engine of its own: a prune on a shared one would take others' cache."""
    rows = []
    with engine(fresh=True) as lab:
        for name, flags in PRUNES.items():

            def prune(folder: Path, flags: tuple[str, ...] = flags) -> Try:
                plain.prune(*flags, engine=lab)
                return Try(folder)

            rows.append(_tried(parent, name, prune, lab))
    return rows


def _with_and_without(parent: Path, lab: Engine) -> tuple[dict[str, BuildRecord], bool]:
    """One hidden edit, built without the guard and with it; whether the guard's was right."""
    folder = project(parent, fresh_name("app"), {FILE: OLD})
    result = parent / "guarded.tar"
    records: dict[str, BuildRecord] = {}
    for when, text in (("before", OLD), ("after", NEW)):
        stamped(folder / FILE, text)
        records[f"unguarded, {when}"] = ship(Try(folder), f"unguarded, {when}", lab=lab).record
        records[f"guarded, {when}"] = build(
            folder, f"--output=type=tar,dest={result}", title=f"guarded, {when}"
        ).require_ok()
    return records, unpacked(result)[0][FILE] == NEW


@experiment()
def foreign() -> Runs:
    """Two projects in folders of one name: whose files does the second build get?

    Facts: "y/app got x/app's VERSION", "y/app got its own NOTES" (its size differs), and the
    same with the kit's guard and with names of their own.
    """
    with engine() as lab, workspace(HERE / "program") as tree:
        name = fresh_name("app")
        held = {
            "x": {FILE: OLD, "NOTES": "of x\n"},
            "y": {FILE: "v9.9.9\n", "NOTES": "of y, longer\n"},
        }
        x, y = (project(tree.path / who, name, files) for who, files in held.items())
        first = ship(Try(x), "x/app", lab=lab)
        second = ship(Try(y), "y/app", lab=lab)
        result = tree.path / "guarded.tar"
        guarded = build(y, f"--output=type=tar,dest={result}", title="y/app, guarded").require_ok()
        kept, _ = unpacked(result)
        alone = ship(Try(y.rename(f"{y}-y")), "y/app under another name", lab=lab)
    rows: list[Row] = [
        {
            "file": file,
            "in x/app": held["x"][file].strip(),
            "in y/app": held["y"][file].strip(),
            "shipped from y/app": second.files[file].strip(),
        }
        for file in held["x"]
    ]
    facts: dict[str, Fact] = {
        "y/app got x/app's VERSION": second.files[FILE] == held["x"][FILE],
        "y/app got its own NOTES": second.files["NOTES"] == held["y"]["NOTES"],
        "under a name of its own, y/app got its own VERSION": alone.files[FILE] == held["y"][FILE],
        "with the guard, y/app got its own VERSION": kept[FILE] == held["y"][FILE],
    }
    records = {r.title: r for r in (first.record, second.record, guarded, alone.record)}
    return Runs(records, facts, rows=tuple(rows))
