"""One program in six images: what each weighs, and what is inside it.

Nothing here needs a cold engine, so nothing is salted: the first experiment compiles the service,
the others find its images in the build cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from buildlab.artifact import container, image
from buildlab.bench.experiment import experiment
from buildlab.bench.runs import Fact, Row, Runs
from buildlab.bench.sample import sample_app
from buildlab.builds import build
from buildlab.builds.asked.command import tag
from buildlab.builds.workspace import workspace
from buildlab.engine import Engine, engine
from buildlab.record.model import BuildRecord

HERE = Path(__file__).parent
FOLDER = HERE / "images"
IMAGES: Mapping[str, str] = {
    "one stage": "one-stage",
    "debian-slim": "debian",
    "distroless": "distroless",
    "scratch": "bare",
    "scratch, -s -w": "stripped",
    "scratch, furnished": "furnished",
}
"""Name in the lesson → stage of small.Dockerfile."""
STEPS = (
    "source, toolchain and caches",
    "a distribution",
    "certificates, time zones, users",
    "symbols and debug information",
)
"""What each image leaves out of the one before, "scratch, furnished" aside."""
SIZES = ("compressed", "unpacked", "docker images")
CHECKS = ("certificates", "time zones", "unprivileged user", "shell")
LIMIT_MB = 15
"""What an article promises an image on scratch to stay below."""
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """An image that was built: its record, and its name in the engine."""

    record: BuildRecord
    ref: str


@contextmanager
def maker(engine: Engine, *recipes: str) -> Iterator[Callable[[str, str], Made]]:
    """Builds stages of small.Dockerfile, and of the recipes that are appended to it."""
    with workspace(sample_app()) as tree:
        parts = [(FOLDER / name).read_text() for name in ("small.Dockerfile", *recipes)]
        tree.write("small.Dockerfile", "".join(parts))

        def make(name: str, stage: str) -> Made:
            title = f"small images: {name}"
            record = build(
                tree, "--file=small.Dockerfile", f"--target={stage}", title=title, engine=engine
            )
            return Made(record.require_ok(), tag(title, engine.session))

        yield make


@experiment(uses=("sample",))
def sizes() -> Runs:
    """What each of `IMAGES` weighs, in three ways to count. Rows: one for each image.

    `compressed_mb` is what a registry stores and sends, `unpacked_mb` what the files take on a
    disk, `docker_images_mb` what `docker images` prints. Facts: how these are related, and how
    the images compare.
    """
    records: dict[str, BuildRecord] = {}
    seen: dict[str, image.Image] = {}
    with engine() as lab, maker(lab) as make:
        for name, stage in IMAGES.items():
            made = make(name, stage)
            records[name], seen[name] = made.record, image.read(lab, made.ref)
    compressed = {n: r.image_size_bytes or 0 for n, r in records.items()}
    rows = tuple(_size_row(name, compressed[name], seen[name]) for name in IMAGES)
    return Runs(records, _size_facts(compressed, seen), rows=rows)


def _size_row(name: str, compressed: int, seen: image.Image) -> Row:
    return {
        "image": name,
        "layers": seen.layers,
        "compressed_mb": round(compressed / MB, 2),
        "unpacked_mb": round(seen.unpacked_bytes / MB, 2),
        "docker_images_mb": round(seen.listed_bytes / MB, 2),
    }


def _size_facts(compressed: Mapping[str, int], seen: Mapping[str, image.Image]) -> dict[str, Fact]:
    unpacked = {n: i.unpacked_bytes for n, i in seen.items()}
    listed = {n: i.listed_bytes for n, i in seen.items()}

    def listed_is(wanted: Mapping[str, int]) -> bool:
        return all(abs(listed[n] - wanted[n]) < 0.02 * wanted[n] for n in listed)

    both = {n: compressed[n] + unpacked[n] for n in listed}
    below = LIMIT_MB * MB
    return {
        "docker images prints the compressed size": listed_is(compressed),
        "docker images prints the unpacked size": listed_is(unpacked),
        "docker images prints their sum": listed_is(both),
        "scratch is below the article's limit, compressed": compressed["scratch"] < below,
        "scratch is below the article's limit, unpacked": unpacked["scratch"] < below,
        "scratch with -s -w is below the limit, compressed": compressed["scratch, -s -w"] < below,
        "scratch with -s -w is below the limit, unpacked": unpacked["scratch, -s -w"] < below,
        "each step of the ladder is smaller than the one before": _falling(
            [compressed[n] for n in ("one stage", "debian-slim", "distroless", "scratch")]
        ),
        "one stage to scratch, times smaller": round(
            compressed["one stage"] / compressed["scratch"], 1
        ),
        "distroless to scratch, times smaller": round(
            compressed["distroless"] / compressed["scratch"], 2
        ),
        "share that -s -w takes off, compressed": _share(compressed, "scratch", "scratch, -s -w"),
        "share that -s -w takes off, unpacked": _share(unpacked, "scratch", "scratch, -s -w"),
    }


def _falling(numbers: list[int]) -> bool:
    return all(a > b for a, b in pairwise(numbers))


def _share(sizes_: Mapping[str, int], before: str, after: str) -> float:
    return round(1 - sizes_[after] / sizes_[before], 2)


def three_sizes(rows: tuple[Row, ...], *, without: tuple[str, ...] = ()) -> tuple[Row, ...]:
    """The rows of `sizes`, one for each way to count: for bars."""
    keys = {name: f"{name.replace(' ', '_')}_mb" for name in SIZES}
    return tuple(
        {"counted": name, "image": row["image"], "size_mb": row[key]}
        for row in rows
        if row["image"] not in without
        for name, key in keys.items()
    )


def largest_step(runs: Runs) -> str:
    """What the largest step of the ladder leaves out, as one of the answers of the lesson."""
    compressed = [float(row["compressed_mb"]) for row in runs.rows[: len(STEPS) + 1]]
    saved = [a - b for a, b in pairwise(compressed)]
    return STEPS[saved.index(max(saved))]


def which_size(facts: Mapping[str, Fact]) -> str:
    """What `docker images` prints on this engine, as one of the answers of the lesson."""
    for answer in ("the compressed size", "the unpacked size", "their sum"):
        if facts[f"docker images prints {answer}"]:
            return answer
    return "neither"


@experiment(uses=("sample",))
def inside() -> Runs:
    """What works in each of `IMAGES`: the service's own check of its image, and a shell.

    Rows: `CHECKS` for each image, as yes or no. Facts: "scratch runs as a user of no passwd
    file" by number, "… by name", and the like for distroless.
    """
    records: dict[str, BuildRecord] = {}
    rows: list[Row] = []
    facts: dict[str, Fact] = {}
    with engine() as lab, maker(lab) as make:
        for name, stage in IMAGES.items():
            made = make(name, stage)
            records[name] = made.record
            shell = container.run(lab, made.ref, "-c", "exit 0", entrypoint=["/bin/sh"])
            found = _selfcheck(container.run(lab, made.ref, "-selfcheck"))
            found["shell"] = shell.ok
            rows.append({"image": name, **{c: "yes" if found[c] else "no" for c in CHECKS}})
            for user in ("65532", "nonroot") if name in ("scratch", "distroless") else ():
                ran = container.run(lab, made.ref, "-selfcheck", user=user)
                facts[f"{name} runs as user {user}"] = _selfcheck(ran)["unprivileged user"]
                if not ran.started:
                    facts[f"{name} as user {user}, said"] = ran.output.splitlines()[-1]
    facts |= {
        f"{row['image']} has {check}": row[check] == "yes" for row in rows for check in CHECKS
    }
    return Runs(records, facts, rows=tuple(rows))


def _selfcheck(ran: container.Ran) -> dict[str, bool]:
    """Check → passed, of `server -selfcheck`; all failed where the program didn't start."""
    found = dict.fromkeys(CHECKS, False)
    for line in ran.output.splitlines():
        if ran.started and line.startswith("{"):
            finding = json.loads(line)
            found[finding["check"]] = bool(finding["ok"])
    return found


def works(runs: Runs, *, only: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    """The cells of `inside` that say yes: (image, check)."""
    return {
        (str(row["image"]), check)
        for row in runs.rows
        for check in CHECKS
        if row[check] == "yes" and (not only or row["image"] in only)
    }


def users(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts of `inside` about USER by number and by name."""
    return {name: fact for name, fact in facts.items() if " runs as user " in name}


def passing(runs: Runs) -> set[tuple[str, str]]:
    """The images of `inside` that pass the service's own checks, as cells of one column."""
    own = [check for check in CHECKS if check != "shell"]
    return {(str(row["image"]), "passes") for row in runs.rows if all(row[c] == "yes" for c in own)}
