"""The limit: how near one changed line gets to `go build`, warm and on a fresh engine."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.bench.sample import sample_app
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.client.outside import Outside, outside, printed
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import Engine, engine
from buildlab.errors import EngineError
from buildlab.record import derive
from buildlab.record.model import BuildRecord
from buildlab.services.registry import registry

HERE = Path(__file__).parent
ROUNDS: Final = 2
LINE: Final = "internal/humanize/ago.go"
NAMESPACE: Final = "buildlab-limit"
STRIPPED: Final = "go build -ldflags='-s -w' -o /tmp/server ./cmd/server"
PLAIN: Final = "go build -o /tmp/server ./cmd/server"
YARDSTICKS: Final = {"go build": PLAIN, "go build, stripped": STRIPPED}
_IMAGE: Final = "type=image,name=buildlab.local/limit:1,unpack=true"
_STORED: Final = "type=image,name=buildlab.local/limit:1,unpack=false"
_PLAIN: Final = ("--provenance=false",)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to build the same program; `adds` is what it has and the one before had not."""

    adds: str
    recipe: str
    flags: tuple[str, ...] = ("--load", "--tag=buildlab.local/limit:1")
    by_docker: bool = True
    """Started as `docker buildx`, not as the plugin itself."""


_RAW: Final = (f"--output={_IMAGE},compression=uncompressed",)
LADDER: Final = (
    Way("cache mounts", "1-cache-mounts"),
    Way("a folder of its own", "2-own-folder"),
    Way("source bound", "3-bound"),
    Way("stripped", "4-stripped"),
    Way("no network", "5-no-network"),
    Way("in the final stage", "6-final-stage"),
    Way("not compressed", "6-final-stage", _RAW),
    Way("no attestation", "6-final-stage", (*_RAW, *_PLAIN)),
    Way("buildx by itself", "6-final-stage", (*_RAW, *_PLAIN), by_docker=False),
)
FIRST, BEST = LADDER[0].adds, LADDER[-1].adds


def ends(address: str) -> tuple[Way, ...]:
    """The best way with other ends: what becomes of the image. `address` is a registry's."""
    pushed = f"type=image,name={address}/limit:1,push=true,unpack=false,compression=uncompressed"
    found = {
        "zstd, loaded": f"{_IMAGE},compression=zstd",
        "stored, not unpacked": f"{_STORED},compression=uncompressed",
        "pushed": pushed,
        "nothing kept": "type=cacheonly",
    }
    return tuple(
        Way(name, "6-final-stage", (f"--output={to}", *_PLAIN), by_docker=False)
        for name, to in found.items()
    )


class Climb:
    """One service on a fresh engine: each way builds it after an edit that was never made."""

    def __init__(self, lab: Engine, tree: Workspace) -> None:
        self.lab, self.tree = lab, tree
        self.records: dict[str, BuildRecord] = {}
        self._line = 1_000 + secrets.randbelow(1_000_000)

    def edit(self) -> str:
        """Change one line as it never was before; returns the file."""
        self._line += 1
        text = re.sub(
            r"(justNowSeconds\s*=\s*)\d+", rf"\g<1>{self._line}", self.tree.read(LINE), count=1
        )
        self.tree.write(LINE, text)
        return text

    def build(self, way: Way) -> float:
        """Edit and build; the seconds that the client took. Keeps the last record."""
        self.edit()
        self.records[way.adds] = self._made(way)
        return self.records[way.adds].wall_s

    def warm(self, way: Way) -> None:
        """Have what this way needs besides the edited line."""
        self._made(way)

    def _made(self, way: Way) -> BuildRecord:
        lab = self.lab
        client = replace(lab, buildx=(*lab.cli, "buildx")) if way.by_docker and lab.cli else lab
        return build(
            self.tree,
            f"--file=limit/{way.recipe}.Dockerfile",
            *way.flags,
            title=way.adds,
            engine=client,
            cache_ns=NAMESPACE,
            output="none",
        ).require_ok()

    def compile(self, runner: Outside, command: str) -> float:
        """Edit the same line in the container and compile there; seconds by its clock."""
        runner.write(f"/src/{LINE}", self.edit())
        return runner.run(command).require_ok().wall_s


@contextmanager
def climbing() -> Iterator[tuple[Climb, Outside]]:
    """A fresh engine on which the service was built once, and a container beside it."""
    with engine(fresh=True) as lab, workspace(sample_app()) as tree:
        tree.copy_in(HERE / "ladder", "limit")
        made = Climb(lab, tree)
        made.records["no cache"] = build(
            tree, title="no cache", engine=lab, cache_ns=NAMESPACE
        ).require_ok()
        flags = ("--file=limit/runner.Dockerfile", "--provenance=false")
        image = tag("limit runner", lab.session)
        to = f"--output=type=image,name={image},unpack=true,compression=uncompressed"
        if not lab.can.keep_images:  # another store than the builder's: it has to be loaded
            to = f"--output=type=docker,name={image}"
        build(
            tree, *flags, to, title="limit runner", engine=lab, cache_ns=NAMESPACE, output="none"
        ).require_ok()
        with outside(lab, image) as runner:
            yield made, runner


@experiment(uses=("sample",))
def one_line() -> Runs:
    """One changed line: a ladder of ways, each against a warm `go build` in the same round.

    Then the same line on another fresh engine, where the runner compiled with restored caches.
    Facts: medians of ratios within a round, seconds of what ran once. Rows: median seconds, ratio.
    """
    with climbing() as (made, runner), registry(made.lab) as shop:
        ways = (*LADDER, *ends(shop.address))
        made.warm(LADDER[-1])
        for command in YARDSTICKS.values():
            made.compile(runner, command)
        rounds = [_round(made, runner, ways) for _ in range(ROUNDS)]
        facts: dict[str, Fact] = {
            "rounds": ROUNDS,
            **_warm_facts(rounds),
            **_fresh(made, runner, median(r[BEST] for r in rounds)),
            "the program of the best way runs": _runs(made),
        }
    rows = tuple(_row(name, rounds) for name in rounds[0])
    kept = {n: made.records[n] for n in ("no cache", FIRST, BEST, "restored")}
    return Runs(kept, facts, rows=rows)


def _round(made: Climb, runner: Outside, ways: Sequence[Way]) -> dict[str, float]:
    """Everything once, each with an edit of its own; name → seconds."""
    found = {name: made.compile(runner, command) for name, command in YARDSTICKS.items()}
    return {**found, **{way.adds: made.build(way) for way in ways}}


def _ratio(rounds: Sequence[Mapping[str, float]], name: str, to: str) -> float:
    return round(median(r[name] / r[to] for r in rounds), 2)


def _warm_facts(rounds: Sequence[Mapping[str, float]]) -> dict[str, Fact]:
    plain, stripped = YARDSTICKS
    facts: dict[str, Fact] = {
        f"ratio, {FIRST} to go build": _ratio(rounds, FIRST, plain),
        "ratio, best to go build": _ratio(rounds, BEST, plain),
        "ratio, best to go build with the same flags": _ratio(rounds, BEST, stripped),
        f"ratio, {FIRST} to best": _ratio(rounds, FIRST, BEST),
    }
    facts["goal, at most 1.5 times go build"] = _ratio(rounds, BEST, plain) <= 1.5
    facts["goal, the same with the same flags"] = _ratio(rounds, BEST, stripped) <= 1.5
    return facts


def _fresh(made: Climb, runner: Outside, warm_s: float) -> dict[str, Fact]:
    """The changed line on another fresh engine: compiled on the runner, packed by the engine."""
    restore_s, restored_mb = _restore(runner)
    compile_s = made.compile(runner, STRIPPED)
    with engine(fresh=True) as other, workspace(HERE / "ladder") as tree:
        tree.write("server", runner.read("/tmp/server"))
        tree.chmod("server", 0o755)
        flags = ("--file=program.Dockerfile", *_RAW)
        made.records["restored"] = build(
            tree, *flags, *_PLAIN, title="restored", engine=other, output="none"
        ).require_ok()
    cold_s = made.records["no cache"].wall_s
    whole_s = compile_s + made.records["restored"].wall_s
    facts: dict[str, Fact] = {
        "fresh, no cache_s": round(cold_s, 2),
        "fresh, go build on the runner_s": round(compile_s, 2),
        "fresh, its program into an image_s": round(made.records["restored"].wall_s, 2),
        "fresh, unpacking the runner's caches_s": round(restore_s, 2),
        "fresh, the runner's caches_mb": round(restored_mb, 1),
        "ratio, no cache to compiled on the runner": round(cold_s / whole_s, 1),
        "ratio, the same with unpacking the caches": round(cold_s / (whole_s + restore_s), 1),
        "ratio, no cache to best, warm": round(cold_s / warm_s, 1),
    }
    facts["goal, at least 10 times faster than no cache"] = cold_s / whole_s >= 10
    return facts


def _restore(runner: Outside) -> tuple[float, float]:
    """Seconds and megabytes of unpacking the caches from an archive, as a CI's cache does."""
    packed = "tar -cf /caches.tar -C / go/pkg/mod root/.cache/go-build && stat -c %s /caches.tar"
    size = runner.run(packed).require_ok().output.split()[-1]
    unpacked = runner.run("mkdir /restored && tar -xf /caches.tar -C /restored").require_ok()
    return unpacked.wall_s, int(size) / 1e6


def _runs(made: Climb) -> bool:
    """Whether the image of the best way starts; False where it isn't in the engine's store."""
    try:
        made.warm(LADDER[-1])
        return '"go"' in printed(made.lab, "buildlab.local/limit:1", "-version")
    except EngineError:
        return False


def _row(name: str, rounds: Sequence[Mapping[str, float]]) -> Row:
    ladder = {way.adds: n for n, way in enumerate(LADDER, 1)}
    group = "go build" if name in YARDSTICKS else "ladder" if name in ladder else "other ends"
    return {
        "way": f"{ladder[name]} {name}" if name in ladder else name,
        "group": group,
        "median_s": round(median(r[name] for r in rounds), 3),
        "times go build": _ratio(rounds, name, "go build"),
    }


def parts(record: BuildRecord) -> dict[str, float]:
    """Where the time of one build went, in seconds, in the order in which it passes."""
    compile_ = next(
        (s for s in record.steps if "go build" in s.instruction or "/bin/go" in s.instruction), None
    )
    spans = [i for s in record.steps for i in s.intervals]
    spans += [i for x in record.internals if x.kind != "client" for i in x.intervals]
    exports = [i for x in record.internals if x.kind == "export" for i in x.intervals]
    if compile_ is None or compile_.start_s is None or compile_.end_s is None or not exports:
        return {}
    copied = [i.end_s for i in spans if i.start_s >= compile_.end_s and i not in exports]
    end = max(i.end_s for i in spans)
    found = {
        "before the compile step": compile_.start_s,
        "the compile step": compile_.end_s - compile_.start_s,
        "COPY --from and the gap before it": max(copied, default=compile_.end_s) - compile_.end_s,
        "export": derive.measure(exports),
        "the client": max(0.0, record.wall_s - end),
    }
    found["between"] = max(0.0, record.wall_s - sum(found.values()))
    return {name: round(seconds, 3) for name, seconds in found.items()}


def where(found: Runs) -> list[Row]:
    """The parts of the first way and of the best, as rows for bars."""
    return [
        {"part": part, "way": name, "seconds": seconds}
        for name in (FIRST, BEST)
        for part, seconds in parts(found[name]).items()
    ]


def held(found: Runs) -> dict[str, Fact]:
    """What should hold on any machine: wide margins, no figures."""
    facts = found.facts
    return {
        "the program of the best way runs": facts["the program of the best way runs"],
        "the best way beats cache mounts alone": float(facts[f"ratio, {FIRST} to best"]) > 1,
        "no cache takes at least 4 times as long as the best way": float(
            facts["ratio, no cache to best, warm"]
        )
        >= 4,
        "compiled on the runner, at least 4 times faster than no cache": float(
            facts["ratio, no cache to compiled on the runner"]
        )
        >= 4,
    }


def dockerfile(name: str) -> str:
    """A Dockerfile of the ladder, to be shown."""
    return (HERE / "ladder" / f"{name}.Dockerfile").read_text()
