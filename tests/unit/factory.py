"""Small build records, made by hand: what plots and widgets are tried on."""

from __future__ import annotations

from buildlab.record.model import BuildRecord
from buildlab.record.steps import Failure, Internal, Interval, Layer, State, Step, StepKey

Row = tuple[str, int, int, str, State, tuple[float, float] | None, tuple[StepKey, ...]]

B, R = "build", ""
C, X, F, N = State.CACHED, State.RAN, State.FAILED, State.NOT_REACHED


def k(stage: str, index: int) -> StepKey:
    return StepKey(stage, index)


ROWS: tuple[Row, ...] = (
    ("build", 1, 6, "FROM golang:1.27-trixie", C, None, ()),
    ("build", 2, 6, "WORKDIR /src", C, None, (k("build", 1),)),
    ("build", 3, 6, "COPY go.mod go.sum ./", C, None, (k("build", 2),)),
    (
        "build",
        4,
        6,
        "RUN --mount=type=cache,target=/go/pkg/mod go mod download",
        C,
        None,
        (k("build", 3),),
    ),
    ("build", 5, 6, "COPY . .", X, (0.7, 1.1), (k("build", 4),)),
    (
        "build",
        6,
        6,
        "RUN --mount=type=cache,target=/go/pkg/mod CGO_ENABLED=0 go build -o /out/ ./cmd/...",
        X,
        (1.1, 13.4),
        (k("build", 5),),
    ),
    ("assets", 1, 2, "FROM debian:trixie-slim", C, None, ()),
    ("assets", 2, 2, "RUN apt-get install -y ca-certificates", X, (0.7, 6.2), (k("assets", 1),)),
    ("final", 1, 2, "COPY --from=assets /etc/ssl /etc/ssl", X, (6.2, 6.5), (k("assets", 2),)),
    (
        "final",
        2,
        2,
        "COPY --from=build /out/ /",
        X,
        (13.4, 13.8),
        (k("final", 1), k("build", 6)),
    ),
)

INTERNALS = (
    Internal("[internal] load build definition from Dockerfile", "definition", (Interval(0, 0.1),)),
    Internal("[internal] load metadata for golang:1.27-trixie", "metadata", (Interval(0.1, 0.5),)),
    Internal(
        "[internal] load build context", "context", (Interval(0.5, 0.7),), transferred_bytes=731_000
    ),
    Internal("exporting to image", "export", (Interval(13.8, 15.1),)),
)


def steps(rows: tuple[Row, ...] = ROWS, **states: State) -> tuple[Step, ...]:
    """Steps from rows; `build_6=State.CACHED` gives one of them another state."""
    made = []
    for stage, index, total, instruction, normal, span, inputs in rows:
        state = states.get(f"{stage}_{index}", normal)
        timed = state in (State.RAN, State.FAILED)
        made.append(
            Step(
                StepKey(stage, index),
                total,
                instruction,
                state,
                (Interval(*(span or (0.7, 1.7))),) if timed else (),
                inputs,
                reads_context=instruction.startswith("COPY") and "--from" not in instruction,
                layers=(Layer(f"sha256:{stage}{index}", 1_000_000 * index),)
                if stage == "final"
                else (),
            )
        )
    return tuple(made)


def record(title: str = "source edited", recorded: str = "", **states: State) -> BuildRecord:
    """A build of three stages after an edit of the source; keywords set states, see `steps`."""
    made = steps(**states)
    end = max((s.end_s or 0.0 for s in made), default=0.7)
    export = tuple(
        Internal(i.name, i.kind, (Interval(end, end + 1.3),), i.cached, i.transferred_bytes)
        if i.kind == "export"
        else i
        for i in INTERNALS
    )
    base = (Layer("sha256:base", 29_800_000),)
    return BuildRecord(
        id=f"record-{title}",
        title=title,
        command=("docker", "buildx", "build", "--progress=plain", "--tag", "shop:1", "."),
        context=".",
        dockerfile="Dockerfile",
        started_at="2026-01-05T09:00:00Z",
        wall_s=end + 1.6,
        exit_code=0,
        steps=made,
        internals=export,
        image_digest="sha256:image",
        layers=base + tuple(layer for s in made for layer in s.layers),
        image_size_bytes=29_800_000 + sum(layer.size_bytes for s in made for layer in s.layers),
        recorded=recorded,
    )


def failed() -> BuildRecord:
    """A build whose compile step failed, so that the stage after it was not reached."""
    made = record("does not compile", build_6=F, final_1=N, final_2=N)
    return BuildRecord(
        id="record-failed",
        title=made.title,
        command=made.command,
        context=".",
        dockerfile="Dockerfile",
        started_at=made.started_at,
        wall_s=13.6,
        exit_code=1,
        steps=made.steps,
        internals=made.internals[:3],
        failure=Failure("process did not complete: exit code: 1", "  6 | RUN go build", k(B, 6)),
    )


def one_stage(title: str = "naive", ran_s: float = 20.0) -> BuildRecord:
    """A build of one stage without a name, where all but FROM ran."""
    rows: tuple[Row, ...] = (
        (R, 1, 4, "FROM golang:1.27-trixie", C, None, ()),
        (R, 2, 4, "WORKDIR /src", X, (0.5, 0.6), (k(R, 1),)),
        (R, 3, 4, "COPY . .", X, (0.6, 1.0), (k(R, 2),)),
        (R, 4, 4, "RUN go build -o /out/ ./cmd/...", X, (1.0, 1.0 + ran_s), (k(R, 3),)),
    )
    made = steps(rows)
    export = Internal("exporting to image", "export", (Interval(1 + ran_s, 2.5 + ran_s),))
    return BuildRecord(
        id=f"record-{title}",
        title=title,
        command=("docker", "buildx", "build", "."),
        context=".",
        dockerfile="Dockerfile",
        started_at="2026-01-05T09:00:00Z",
        wall_s=ran_s + 3,
        exit_code=0,
        steps=made,
        internals=(*INTERNALS[:3], export),
        layers=tuple(
            Layer(f"sha256:{name}", size)
            for name, size in (("debian", 49_000_000), ("go", 92_000_000), ("out", 31_000_000))
        ),
        image_size_bytes=172_000_000,
    )
