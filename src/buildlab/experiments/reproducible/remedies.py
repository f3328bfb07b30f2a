"""The same image twice: which bytes stay, and what each promised remedy does for them."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from buildlab.artifact import oci
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import Engine, engine
from buildlab.record.model import BuildRecord
from buildlab.services.registry import Registry, registry

HERE = Path(__file__).parent
FOLDER = HERE / "twice"
EPOCH = "--build-arg=SOURCE_DATE_EPOCH=1700000000"
"""A time that is written in place of the build's. The environment variable works as well."""
NO_CACHE = "--no-cache"
REWRITE = "rewrite-timestamp=true"
TRIMPATH = "--build-arg=GOFLAGS=-trimpath"
ELSEWHERE = "--build-arg=FOLDER=/elsewhere"
PROGRAM = "bytes"
PARTS = ("binary", "layers", "image")

WAYS = (
    "again, all cached",
    "--no-cache",
    "--no-cache, SOURCE_DATE_EPOCH",
    "--no-cache, SOURCE_DATE_EPOCH, rewrite-timestamp",
)
"""From here on all builds have both."""
AWAY = ("on an empty engine", "in another folder", "in another folder, -trimpath")
BASES = ("base by tag, the tag moved", "base by digest, the tag moved")
ATTESTED = "with provenance attached"
ROWS = (*WAYS, *AWAY, *BASES, ATTESTED)


@dataclass
class Pairs:
    """Builds one Dockerfile over and over, and compares what comes out, in pairs."""

    tree: Workspace
    out: Path
    records: dict[str, BuildRecord] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def make(self, title: str, *flags: str, output: str = "") -> oci.OciImage:
        """One build, written to a file and read back."""
        return self.make_all(title, *flags, outputs=(output,))[0]

    def make_all(self, title: str, *flags: str, outputs: Sequence[str]) -> list[oci.OciImage]:
        """One build, written to a file for each of `outputs`, which are options of the output."""
        paths = [self.out / f"{len(self.records)}-{n}.tar" for n in range(len(outputs))]
        written = [
            f"--output=type=oci,dest={path}{',' if options else ''}{options}"
            for path, options in zip(paths, outputs, strict=True)
        ]
        record = build(self.tree, *flags, *written, title=title, output="none")
        self.records[title] = record.require_ok()
        return [oci.read(path) for path in paths]

    def compare(self, way: str, a: oci.OciImage, b: oci.OciImage) -> None:
        """One row: which parts of the two are the same bytes."""
        same = {
            "binary": a.last_layer[PROGRAM] == b.last_layer[PROGRAM],
            "layers": a.layers == b.layers,
            "image": a.digest == b.digest,
        }
        self.rows.append({"second build": way, **{p: _word(same[p]) for p in PARTS}})


def _word(same: bool) -> str:
    return "same" if same else "other"


@contextmanager
def _pairs() -> Iterator[Pairs]:
    """Pairs in a copy of the recipe that no other run has: its first build is cold."""
    with workspace(FOLDER) as tree, tempfile.TemporaryDirectory() as out:
        tree.write("go.mod", f"{tree.read('go.mod')}\n// {secrets.token_hex(4)}\n")
        yield Pairs(tree, Path(out))


@experiment()
def twice() -> Runs:
    """The same source built twice, in each of `ROWS`: is it the same binary, layers, image?

    Rows: one for each way, each part "same" or "other". Facts: "<way>: <part> is the same".
    """
    with engine() as lab, _pairs() as pairs:
        first = _ways(pairs)
        _bases(pairs, lab)
        _attested(pairs)
        with engine(fresh=True):
            pairs.compare(AWAY[0], first, pairs.make(AWAY[0], EPOCH, output=REWRITE))
    rows = sorted(pairs.rows, key=lambda row: ROWS.index(str(row["second build"])))
    facts: dict[str, Fact] = {
        f"{row['second build']}: {part} is the same": row[part] == "same"
        for row in rows
        for part in PARTS
    }
    return Runs(pairs.records, facts, rows=tuple(rows))


def _ways(pairs: Pairs) -> oci.OciImage:
    """The rows of one engine and one base. Returns the image that later rows compare with.

    What the first build cached is written out in each way, so that each later build, whose steps
    all run again, has its counterpart.
    """
    plain = pairs.make("first")
    dated, rewritten = pairs.make_all("first, dated", EPOCH, outputs=("", REWRITE))
    pairs.compare(WAYS[0], plain, pairs.make(WAYS[0]))
    pairs.compare(WAYS[1], plain, pairs.make(WAYS[1], NO_CACHE))
    again = pairs.make_all("--no-cache, dated", NO_CACHE, EPOCH, outputs=("", REWRITE))
    pairs.compare(WAYS[2], dated, again[0])
    pairs.compare(WAYS[3], rewritten, again[1])
    pairs.compare(AWAY[1], rewritten, pairs.make(AWAY[1], EPOCH, ELSEWHERE, output=REWRITE))
    here = pairs.make("first, -trimpath", EPOCH, TRIMPATH, output=REWRITE)
    there = pairs.make(AWAY[2], EPOCH, TRIMPATH, ELSEWHERE, output=REWRITE)
    pairs.compare(AWAY[2], here, there)
    return rewritten


def _bases(pairs: Pairs, lab: Engine) -> None:
    """The rows of a base image that moves under its tag."""
    with registry(lab) as shop, workspace(FOLDER) as tree:
        first = _push_base(shop, tree, "first base")
        bases = {BASES[0]: f"{shop.address}/base:1", BASES[1]: f"{shop.address}/base:1@{first}"}

        def make(way: str, title: str) -> oci.OciImage:
            return pairs.make(title, EPOCH, f"--build-arg=BASE={bases[way]}", output=REWRITE)

        before = {way: make(way, f"{way}: before") for way in BASES}
        _push_base(shop, tree, "second base")
        for way in BASES:
            pairs.compare(way, before[way], make(way, way))


def _push_base(shop: Registry, tree: Workspace, name: str) -> str:
    """Push a base image unlike any before under one tag; returns the digest that it has now."""
    tree.write("base.Dockerfile", "FROM debian:trixie-slim\nCOPY which /which\n")
    tree.write("which", f"{name} {secrets.token_hex(8)}\n")
    ref = f"{shop.address}/base:1"
    build(
        tree, "--file=base.Dockerfile", "--push", f"--tag={ref}", title=name, output="none"
    ).require_ok()
    return shop.digest(ref)


def _attested(pairs: Pairs) -> None:
    """The row of a build that attaches its provenance."""
    attest = "--attest=type=provenance,mode=max"
    a = pairs.make("first, with provenance", EPOCH, attest, output=REWRITE)
    b = pairs.make(ATTESTED, EPOCH, attest, output=REWRITE)
    pairs.compare(ATTESTED, a, b)


def same(runs: Runs, ways: tuple[str, ...], only: str = "") -> set[tuple[str, str]]:
    """The cells of `twice` that are the same bytes: (way, part)."""
    return {
        (way, part)
        for way in ways
        for part in PARTS
        if runs.facts[f"{way}: {part} is the same"] and only in ("", part)
    }
