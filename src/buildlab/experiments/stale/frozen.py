"""What the cache keeps although the world moved on: folders' modes, downloads, tags, programs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import engine
from buildlab.experiments.stale.unseen import (
    FILE,
    OLD,
    Attempt,
    Try,
    fresh_name,
    project,
    ship,
    then,
    unpacked,
)
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.services.registry import Registry, registry

PROGRAM = Path(__file__).parent / "program"
ALLOW = "--allow=network.host"

MODE_TRIES: Mapping[str, Attempt] = {
    "build again": Try,
    "touch the directory": then(lambda f: (f / "data").touch()),
    "one more file in it": then(lambda f: (f / "data" / "more").write_text("more\n")),
    "--no-cache": then(lambda _: None, "--no-cache"),
    "another folder name": lambda f: Try(f.rename(f"{f}-2")),
}


@experiment()
def directory_mode() -> Runs:
    """A directory gets another mode, and nothing else changes: who notices?

    Facts: "<attempt>: the new mode arrives" for each of `MODE_TRIES`.
    """
    rows: list[Row] = []
    records: dict[str, BuildRecord] = {}
    with engine() as lab, workspace(PROGRAM) as tree:
        for name, attempt in MODE_TRIES.items():
            folder = project(tree.path, fresh_name("mode"), {FILE: OLD})
            (folder / "data").chmod(0o755)
            ship(Try(folder), "before", lab=lab).record.require_ok()
            (folder / "data").chmod(0o700)
            after = ship(attempt(folder), name, lab=lab)
            records[name] = after.record.require_ok()
            mode = after.modes["data"]
            rows.append(
                {
                    "tried": name,
                    "COPY": "cached" if after.cached else "ran",
                    "mode": f"{mode:o}",
                    "cures": mode == 0o700,
                }
            )
    facts: dict[str, Fact] = {f"{r['tried']}: the new mode arrives": r["cures"] for r in rows}
    return Runs(records, facts, rows=tuple(rows))


WAYS: Mapping[str, str] = {
    "run": "RUN curl",
    "argument": "RUN curl, an ARG above given anew",
    "own-layer": "RUN curl alone, the line below edited",
    "one-layer": "RUN curl and use in one line, edited",
    "add": "ADD url",
    "swallowed": "RUN curl | cat, an error at first",
    "loud": "RUN curl -f, an error at first",
}


@experiment()
def fetched() -> Runs:
    """An index is fetched in several ways, changes on its server, and is fetched again.

    The index is a list of tags in a registry; a second tag is added between the builds.
    Facts: "<way>: the second build has the new index" for each of `WAYS`, and
    "an error page was kept as content".
    """
    with engine() as lab, registry(lab) as shop, workspace(PROGRAM) as tree:
        _push(shop, tree, "tools:1")
        first, loud_first = _fetch(tree, shop, "first", week=1)
        shop.retag("tools:1", "tools:2")
        _push(shop, tree, "late:2")
        tree.replace("frozen.Dockerfile", "tool-1", "tool-2")
        tree.replace(
            "frozen.Dockerfile", "/index && : install tool-1", "/index && : install tool-2"
        )
        second, loud_second = _fetch(tree, shop, "second", week=2)
        seen = [_content(tree.path / when) for when in ("first", "second")]
    rows: list[Row] = [
        {
            "way": told,
            "first build": _index(seen[0].get(way, "")),
            "second build": _index(seen[1].get(way, "")),
            "up to date": '"2"' in seen[1].get(way, ""),
        }
        for way, told in WAYS.items()
    ]
    facts: dict[str, Fact] = {
        f"{r['way']}: the second build has the new index": r["up to date"] for r in rows
    }
    facts["an error page was kept as content"] = "errors" in seen[1]["swallowed"]
    facts["the loud fetch failed at first"] = not loud_first.ok
    records = {r.title: r for r in (first, second, loud_first, loud_second)}
    return Runs(records, facts, rows=tuple(rows))


def _push(shop: Registry, tree: Workspace, name: str) -> None:
    tree.write("which", f"{fresh_name(name)}\n")
    tree.write("push.Dockerfile", "FROM scratch\nCOPY which /which\n")
    build(
        tree,
        "--file=push.Dockerfile",
        "--push",
        f"--tag={shop.address}/{name}",
        title=f"push {name}",
        output="none",
    ).require_ok()


def _fetch(
    tree: Workspace, shop: Registry, when: str, *, week: int
) -> tuple[BuildRecord, BuildRecord]:
    """Both Dockerfiles; what came out is in tars in the folder `when`."""
    flags = (ALLOW, f"--build-arg=INDEX=http://{shop.address}/v2", f"--build-arg=WEEK={week}")
    (tree.path / when).mkdir()
    quiet = build(
        tree,
        "--file=frozen.Dockerfile",
        *flags,
        f"--output=type=tar,dest={tree.path / when / 'quiet.tar'}",
        title=f"{when} build",
    ).require_ok()
    loud = build(
        tree,
        "--file=loud.Dockerfile",
        *flags,
        f"--output=type=tar,dest={tree.path / when / 'loud.tar'}",
        title=f"{when} build, loud",
    )
    return quiet, loud


def _content(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for tar in (t for t in folder.glob("*.tar") if t.stat().st_size):  # a failed build's is empty
        found |= unpacked(tar)[0]
    return found


def _index(text: str) -> str:
    """An index in a word or two."""
    if "errors" in text:
        return "an error page"
    return "with the new tag" if '"2"' in text else "without it" if text else "nothing"


@experiment()
def moved_tag() -> Runs:
    """A tag of which this engine holds an image moves in its registry, which is there or gone.

    Facts: "<when, how>: <old, new or no image>", with and without --pull. None where the engine
    keeps no images of its own.
    """
    records: dict[str, BuildRecord] = {}
    old: set[str] = set()
    with engine() as lab, workspace(PROGRAM) as tree:
        if not lab.can.docker_api:
            return Runs({}, {})
        with closing(lab.client()) as client:
            with registry(lab) as shop:
                refs = [f"{shop.address}/{name}:1" for name in ("asked", "unreachable")]
                for name, ref in zip(("asked", "unreachable"), refs, strict=True):
                    _push(shop, tree, f"{name}:1")
                    old.add(tree.read("which"))
                    _push(shop, tree, f"{name}:2")
                    client.images.pull(ref)
                    shop.retag(f"{name}:2", f"{name}:1")  # by someone else than this engine
                records |= _based(tree, refs[0], "registry there")
            records |= _based(tree, refs[1], "registry gone")
            for ref in refs:
                client.images.remove(ref, force=True)
        facts = {name: _used(tree.path / f"{name}.tar", old) for name in records}
    rows = tuple({"build": n, "image used": v} for n, v in facts.items())
    return Runs(records, facts, rows=rows)


def _based(tree: Workspace, ref: str, when: str) -> dict[str, BuildRecord]:
    """The result of each build that succeeds is in `<its name>.tar`."""
    return {
        name: build(
            tree,
            "--file=tag.Dockerfile",
            f"--build-arg=BASE={ref}",
            *flags,
            f"--output=type=tar,dest={tree.path / name}.tar",
            title=name,
        )
        for name, flags in {when: (), f"{when} and --pull": ("--pull",)}.items()
    }


def _used(result: Path, old: set[str]) -> str:
    if not result.exists() or not result.stat().st_size:
        return "none: the build failed"
    return "old" if unpacked(result)[0]["which"] in old else "new"


@experiment()
def same_program() -> Runs:
    """A comment, then a constant is changed in a Go program: is the COPY of the program cached?

    It is linked twice, as Go does it and with an empty build id. Facts: "<edit>: the compiler
    ran", and "<edit>, with (without) build id: COPY --from was cached".
    """
    records: dict[str, BuildRecord] = {}
    facts: dict[str, Fact] = {}
    with workspace(PROGRAM) as tree:
        salt = fresh_name("a")
        tree.replace("main.go", "SALT", salt)

        def made(name: str) -> BuildRecord:
            records[name] = build(
                tree, "--file=program.Dockerfile", title=name, output="cache"
            ).require_ok()
            return records[name]

        made("first")
        tree.write("main.go", tree.read("main.go") + "\n// It says who built it.\n")
        facts |= _compiled("comment", made("comment"))
        tree.replace("main.go", salt, fresh_name("b"))
        facts |= _compiled("constant", made("constant"))
    return Runs(records, facts)


def _compiled(edit: str, record: BuildRecord) -> dict[str, Fact]:
    states = {s.instruction: s.state for s in record.steps}

    def all_of(part: str, state: State) -> bool:
        return all(found is state for text, found in states.items() if part in text)

    return {
        f"{edit}: the compiler ran": all_of("go build", State.RAN),
        f"{edit}, with build id: COPY --from was cached": all_of("/with-id/", State.CACHED),
        f"{edit}, without build id: COPY --from was cached": all_of("/without-id/", State.CACHED),
    }
