"""Remove all that the kit made, and show that nothing else went.

In a Docker shared with others each thing is looked up again by its id right before it is
removed, and its label and session are compared here, not by a filter of the engine.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from buildlab.engine import inventory
from buildlab.engine.choose import choose
from buildlab.engine.docker.candidates import Candidate
from buildlab.engine.docker.dockers import API_TIMEOUT_S, PING_TIMEOUT_S, connect
from buildlab.engine.docker.existing import owner_of
from buildlab.engine.docker.owned import Made
from buildlab.engine.embedded import instance, shared
from buildlab.engine.inventory import Item, is_ours
from buildlab.errors import BuildlabError
from buildlab.host import homefiles
from buildlab.host.contents import STATE
from buildlab.host.homefiles import Left, Part
from buildlab.host.settings import Settings

if TYPE_CHECKING:
    import docker

_THEIRS = "you gave it a name of your own"
_USED = "others use it by now"
_ORDER = {"container": 0, "image": 1, "volume": 2, "network": 3}


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that is (to be) removed. `kept` says why it is still there, "" if it is not."""

    what: str
    name: str
    where: str
    kept: str = ""

    @property
    def failed(self) -> bool:
        """Still there, though nobody made it theirs."""
        return bool(self.kept) and not self.kept.startswith((_THEIRS, _USED))


@dataclass(frozen=True, slots=True)
class Proof:
    """Things of others in one place: how many before and after, and whether all are still there."""

    what: str
    where: str
    before: int
    after: int
    lost: tuple[str, ...] = ()
    """What was there before and is not there after, as it was."""

    @property
    def same(self) -> bool:
        return not self.lost


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What `clean` did, or would do. `left` is what it found in the home that isn't ours."""

    removals: tuple[Removal, ...]
    proofs: tuple[Proof, ...]
    freed_bytes: int = 0
    left: tuple[Left, ...] = ()

    @property
    def ok(self) -> bool:
        """All of ours is gone, and all of the others' is there."""
        return all(p.same for p in self.proofs) and not any(r.failed for r in self.removals)


@dataclass(frozen=True, slots=True)
class _Foreign:
    """What belongs to others in one Docker."""

    items: frozenset[Item]
    cache: frozenset[str]


def clean(
    settings: Settings | None = None, *, dry_run: bool = False, keep_records: bool = False
) -> Cleaned:
    """Remove what this home's kit made from every Docker it used, its engines, its files.

    Raises nothing for a Docker that no longer answers: what is left in it stays listed as kept.
    Only what is known as ours goes (see `ours`); the rest of the home is listed as left.
    """
    import docker.errors

    settings = settings or Settings.from_env()
    owner = owner_of(settings)
    files_before = inventory.user_files(settings)
    foreign_before = homefiles.foreign(settings)
    free_before = _free_bytes(settings.home)
    removals: list[Removal] = []
    proofs: list[Proof] = []
    for address, tls, made in _dockers(settings):
        gone: list[Removal] = []
        try:
            with closing(connect(address, tls, PING_TIMEOUT_S)) as api:
                api.ping()
                api.api.timeout = API_TIMEOUT_S
                pulled = set(made.pulled.values()) if made is not None else set()
                before = _foreign(api, owner, pulled)
                gone.extend(_clean_docker(api, address, owner, made, dry_run))
                proofs += _compare(address, before, _foreign(api, owner, pulled))
        except (docker.errors.DockerException, OSError, ValueError, BuildlabError) as e:
            if made is not None or gone:
                kept = f"this Docker does not answer ({type(e).__name__}): clean again when it does"
                name = made.builder if made is not None else "what is left of ours"
                gone.append(Removal("builder", name, address, kept))
        removals += gone
    spared = {"records"} if keep_records else set()
    left = homefiles.left_in(settings, but=spared)
    parts = homefiles.ours_in(settings, but=spared | {"engine"})
    removals += _engines(settings, dry_run)
    if any(r.failed for r in removals):  # what is needed to clean the rest another time
        spared |= {"docker"}
    removals += _files(settings, parts, spared | {"engine"}, dry_run)
    proofs.append(
        _same_files("your docker configuration", files_before, inventory.user_files(settings))
    )
    if foreign_before:
        where = f"{settings.home}, not ours"
        proofs.append(_same_files(where, foreign_before, homefiles.again(foreign_before)))
    freed = max(0, _free_bytes(settings.home) - free_before)
    return Cleaned(tuple(removals), tuple(proofs), 0 if dry_run else freed, left)


def _dockers(settings: Settings) -> Iterator[tuple[str, dict[str, str], Made | None]]:
    """Each Docker that this home used, and the one it would use now."""
    seen = set()
    current: Candidate | None = None
    with suppress(BuildlabError):
        found = choose(settings, "docker")
        current = found.answer.candidate if found.answer else None
    for path in sorted((settings.paths.root / "docker").glob("*/made.json")):
        if (made := Made.read(path)) is not None:
            seen.add(made.address)
            same = current is not None and current.address == made.address
            yield made.address, dict(current.tls) if current and same else {}, made
    if current is not None and current.address not in seen:
        yield current.address, dict(current.tls), None


def _clean_docker(
    api: docker.DockerClient, address: str, owner: str, made: Made | None, dry_run: bool
) -> Iterator[Removal]:
    """What of this owner is in a Docker, each thing removed unless `dry_run`."""
    ours = [i for i in inventory.items(api) if is_ours(i, owner)]
    for item in sorted(ours, key=lambda i: _ORDER[i.kind]):
        kept = "" if dry_run else _remove(api, item, owner)
        yield Removal(item.kind, item.name, address, kept)
    for name, ident in made.pulled.items() if made is not None else ():
        kept = "" if dry_run else _remove_unused(api, ident)
        yield Removal("image", f"{name} (pulled by us)", address, kept)


def _remove(api: docker.DockerClient, item: Item, owner: str) -> str:
    """Remove one thing after looking at it again; "" or why it is still there."""
    import docker

    now = inventory.again(api, item)
    if now is None:
        return ""
    if not is_ours(now, owner) or now.session != item.session:
        return "it no longer carries our label and session"
    try:
        if item.kind == "container":
            api.api.remove_container(item.id, force=True, v=True)
        elif item.kind == "volume":
            api.api.remove_volume(item.id)
        elif item.kind == "network":
            api.api.remove_network(item.id)
        else:
            return _remove_image(api, now)
    except docker.errors.NotFound:
        return ""
    except docker.errors.APIError as e:
        return str(e.explanation or e)
    return ""


def _remove_image(api: docker.DockerClient, image: Item) -> str:
    """Remove an image of ours. A further tag that the user gave it keeps it, under that tag."""
    tags = [t for t in image.name.split(", ") if t != "untagged"]
    others = [t for t in tags if not t.startswith("buildlab.local/")]
    for tag in tags or [image.id]:
        if tag not in others and (used := _remove_unused(api, tag)):
            return used
    return f"{_THEIRS}: {', '.join(others)}" if others else ""


def _remove_unused(api: docker.DockerClient, ident: str) -> str:
    """Remove an image by tag or id, unless others use it by now; "" or who does."""
    import docker

    try:
        api.api.remove_image(ident)
    except docker.errors.NotFound:
        return ""
    except docker.errors.APIError as e:
        return f"{_USED}: {e.explanation}"
    return ""


def _foreign(api: docker.DockerClient, owner: str, pulled: Collection[str]) -> _Foreign:
    others = (i for i in inventory.items(api) if not is_ours(i, owner) and i.id not in pulled)
    return _Foreign(frozenset(others), inventory.cache_records(api))


def _compare(address: str, before: _Foreign, after: _Foreign) -> Iterator[Proof]:
    for kind in _ORDER:
        old, new = ({i for i in f.items if i.kind == kind} for f in (before, after))
        lost = tuple(sorted(i.name for i in old - new))
        yield Proof(f"{kind}s", address, len(old), len(new), lost)
    gone = tuple(sorted(before.cache - after.cache))
    yield Proof("build cache records", address, len(before.cache), len(after.cache), gone)


def _same_files(where: str, before: Mapping[str, str], after: Mapping[str, str]) -> Proof:
    changed = tuple(path for path, state in before.items() if after.get(path) != state)
    return Proof("files", where, len(before), len(after), changed)


def _engines(settings: Settings, dry_run: bool) -> Iterator[Removal]:
    """The shared embedded engine, also one whose folder is gone, and fresh ones."""
    home = settings.paths
    for folder in (home.engine, *home.fresh.glob("*")):
        runs = instance.attach(folder) is not None
        if not runs and not (folder.is_dir() and home.ours.parted(folder, STATE).ours):
            continue
        kept = ""
        if not dry_run:
            try:
                if folder == home.engine:
                    shared.reset(settings)
                else:
                    instance.remove(folder)
            except (BuildlabError, OSError) as e:
                kept = str(e)
        yield Removal("engine", f"embedded, {'running' if runs else 'stopped'}", str(folder), kept)


def _files(
    settings: Settings, parts: Sequence[Part], spared: Collection[str], dry_run: bool
) -> Iterator[Removal]:
    """The kit's own files below the home; the home itself where the kit made it and it is empty."""
    # To end an engine that has lost its folder, its home may have been made again.
    made_since = (p for p in homefiles.ours_in(settings, but=spared) if p not in parts)
    for part in (*(p for p in parts if p.path.name not in spared), *made_since):
        why = "" if dry_run else homefiles.remove(settings, part)
        yield Removal("files", part.path.name, str(part.path), why)
    if not dry_run:
        with suppress(OSError):
            settings.paths.ours.forget()


def _free_bytes(folder: Path) -> int:
    place = next(p for p in (folder, *folder.parents) if p.exists())
    return shutil.disk_usage(place).free
