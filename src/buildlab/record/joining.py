"""Makes the record of one build from its two sources, joined by vertex digest."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from buildlab import masking
from buildlab.masking import Masker
from buildlab.record import around, failing, provenance
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.model import BuildRecord
from buildlab.record.provenance import Graph, Op
from buildlab.record.steps import Failure, Internal, Layer, LogLine, State, Step, StepKey
from buildlab.record.stream import Fold, Group, Vertex
from buildlab.record.stream.vertex import intervals, seconds
from buildlab.record.written import as_written, build_arguments, built_target, image_settings

_EXCERPT = re.compile(r"^[^\s>].*:\d+\n-{8,}\n(?P<body>(?:.*\n)*?)-{8,}$", re.M)
_MARKED = re.compile(r"^\s*(?P<line>\d+) \| >>>", re.M)
_ERROR = re.compile(r"^ERROR: (?P<message>.*?)(?=\n(?:View build details:|$)|\Z)", re.M | re.S)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\b")
_PREFIXES = re.compile(r"^(?:failed to build: |failed to solve: |Canceled: )+")


def make_record(
    fold: Fold,
    metadata: Mapping[str, Any] | None,
    *,
    id: str,
    title: str,
    command: Sequence[str],
    context: str,
    dockerfile: str,
    wall_s: float,
    exit_code: int,
    engine: EngineInfo,
    plain_tail: str,
    dockerfile_text: str = "",
) -> BuildRecord:
    """The record of a build that is over.

    `metadata` is the metadata file's content, None after a failed build: then there are no
    mounts and no layers. `dockerfile_text` tells where a step is written, and what it sees.
    Of the steps of a build that failed or was stopped, those without an end of their own are
    "not reached", also where they had begun.
    Texts are masked: see `masking`.
    """
    graph = provenance.read(metadata)
    fold.learn((*masking.given(command), *graph.secrets))
    masker, origin = fold.masker, fold.origin
    if not graph.dockerfile:
        graph = replace(graph, dockerfile=dockerfile_text)
    fold.written(graph.dockerfile)
    graph = replace(graph, arguments={**build_arguments(command), **graph.arguments})
    steps = _steps(fold, graph, origin, plain_tail if exit_code else "")
    others = tuple(around.internals(fold, origin))
    layers = graph.image_layers if graph.image_digest else ()
    return BuildRecord(
        id=id,
        title=masker(title),
        command=masker.command(command),
        context=masker(context),
        dockerfile=masker(dockerfile),
        started_at=_iso(origin) if origin else "",
        wall_s=wall_s,
        exit_code=exit_code,
        steps=steps,
        internals=others,
        warnings=(
            *(replace(w, message=masker(w.message)) for w in fold.warnings()),
            *around.cache_warnings(others, masker(plain_tail).splitlines()),
        ),
        failure=_failure(steps, others, masker(plain_tail)) if exit_code else None,
        image_digest=graph.image_digest,
        image_id=_image_id(metadata),
        image_size_bytes=sum(layer.size_bytes for layer in layers) if layers else None,
        layers=layers,
        engine=engine,
        settings=image_settings(graph.dockerfile, graph.arguments, built_target(command), masker),
        commit=around.built_commit(others, masker(context)),
    )


def _image_id(metadata: Mapping[str, Any] | None) -> str:
    known = metadata or {}
    found = known.get("containerimage.config.digest") or known.get("containerimage.digest")
    return found if isinstance(found, str) else ""


def _steps(fold: Fold, graph: Graph, origin: float, tail: str) -> tuple[Step, ...]:
    groups = fold.groups()
    sources = _Sources(
        fold,
        graph,
        {v.digest: v for v in fold.vertexes()},
        {v.digest: g.key for g in groups for v in g.members},
        origin,
    )
    steps = [s for g in groups for s in _listed(g, _step(g, sources))]
    marked = [int(m["line"]) for m in _MARKED.finditer(tail)]
    failed = [i for i, s in enumerate(steps) if s.state is State.FAILED and s.lines is None]
    if marked and len(failed) == 1:
        steps[failed[0]] = replace(steps[failed[0]], lines=(min(marked), max(marked)))
    written = as_written(steps, graph.dockerfile, graph.arguments, fold.masker)
    return tuple(_in_file_order(written))


def _listed(group: Group, step: Step) -> Iterator[Step]:
    """A step, and its other places in the file, which have no work of their own."""
    yield step
    for place in group.elsewhere:
        yield replace(
            step,
            key=place.key,
            total=place.total,
            lines=place.lines,
            inputs=(),
            intervals=(),
            layers=(),
            logs=(),
            digests=(),
            error="",
            shared_with=step.key,
        )


@dataclass(frozen=True, slots=True)
class _Sources:
    """What steps are made from; `vertexes` and `owner` are by vertex digest."""

    fold: Fold
    graph: Graph
    vertexes: Mapping[str, Vertex]
    owner: Mapping[str, StepKey]
    origin: float


def _step(found: Group, sources: _Sources) -> Step:
    fold, graph, origin = sources.fold, sources.graph, sources.origin
    ops = [graph.ops[v.digest] for v in found.members if v.digest in graph.ops]
    inputs, reads_context, own = _inputs(found, sources)
    errors = [v.error for v in found.members if v.failed] or [v.error for v in found.members]
    return Step(
        key=found.key,
        total=found.total,
        instruction=fold.masker(found.instruction),
        state=State(found.phase(ended=True)),
        intervals=intervals(found.members, origin, fold.latest),
        inputs=inputs,
        reads_context=reads_context,
        lines=found.lines or next((op.lines for op in ops if op.lines), None),
        cache_mounts=tuple(
            replace(m, id=fold.masker(m.id), target=fold.masker(m.target))
            for op in ops
            for m in op.cache_mounts
        ),
        secret_ids=tuple(fold.masker(i) for op in ops for i in op.secret_ids),
        layers=_own_layers(ops),
        logs=_logs(found.members, fold.masker, origin),
        error=fold.masker(next((e for e in errors if e), "")),
        platform=found.platform,
        digests=tuple(v.digest for v in found.members),
        base_digest=_base_digest(found, ops),
        fetched=tuple(map(fold.masker, _fetched(found, own, graph))),
    )


def _inputs(found: Group, sources: _Sources) -> tuple[tuple[StepKey, ...], bool, set[str]]:
    """The steps that a step needs, looking through internal vertexes; whether one is a context;
    and these vertexes."""
    vertexes, owner = sources.vertexes, sources.owner
    keys: dict[StepKey, None] = {}
    reads_context, seen, internal = False, set[str](), set[str]()
    todo = [digest for v in found.members for digest in v.inputs]
    while todo:
        digest = todo.pop(0)
        if digest in seen or digest not in vertexes:
            continue
        seen.add(digest)
        vertex = vertexes[digest]
        if digest in owner:
            keys[owner[digest]] = None
        else:
            internal.add(digest)
            reads_context = reads_context or _is_context(vertex, found.instruction)
            todo += vertex.inputs
    keys.pop(found.key, None)
    order = list(dict.fromkeys(owner.values()))
    return tuple(sorted(keys, key=order.index)), reads_context, internal


def _is_context(vertex: Vertex, instruction: str) -> bool:
    """Whether that is a context. What ADD fetches itself may be one vertex with a context."""
    kind, name = vertex.parsed.kind, vertex.name.removeprefix(around.GIT_SOURCE)
    return kind == "context" or (kind == "remote context" and name not in instruction.split())


def _base_digest(found: Group, ops: Sequence[Op]) -> str:
    """Of FROM: in the vertex's name, or in what the graph calls its source."""
    if not found.instruction.startswith("FROM "):
        return ""
    told = " ".join([*(v.name for v in found.members), *(op.source for op in ops)])
    digest = _DIGEST.search(told)
    return digest[0] if digest else ""


def _fetched(found: Group, internal: Iterable[str], graph: Graph) -> list[str]:
    """What the engine had from elsewhere for this step: "ADDRESS DIGEST" each."""
    if found.instruction.startswith("FROM "):
        return []
    digests = dict.fromkeys((*(v.digest for v in found.members), *sorted(internal)))
    ops = [op for digest in digests if (op := graph.ops.get(digest)) and op.content]
    return [f"{op.source.partition('@sha256:')[0]} {op.content}" for op in ops]


def _own_layers(ops: Sequence[Op]) -> tuple[Layer, ...]:
    """What a step adds. The merge of a `COPY --link` holds the copy's layer once more."""
    return tuple({layer.digest: layer for op in ops for layer in op.own_layers}.values())


def _in_file_order(steps: Iterable[Step]) -> list[Step]:
    """Stages by their first line, where each has one; within a stage by index.

    A FROM that stages share has only one of their names, and may have the line of another: it
    places a stage only where nothing else does.
    """
    kept = list(steps)
    first: dict[str, int] = {}
    for step in sorted(kept, key=lambda s: not s.cacheable):
        if step.lines is not None and (step.cacheable or step.stage not in first):
            first[step.stage] = min(step.lines[0], first.get(step.stage, step.lines[0]))
    if any(s.stage not in first for s in kept):
        return kept
    return sorted(kept, key=lambda s: (first[s.stage], s.stage, s.key.index))


def _logs(members: Iterable[Vertex], masker: Masker, origin: float) -> tuple[LogLine, ...]:
    """A step's output. A value, or a character, may begin in one piece and end in the next."""
    pieces = sorted((piece for v in members for piece in v.logs), key=lambda p: p.timestamp)
    readers: dict[int, codecs.IncrementalDecoder] = {}
    lines: list[LogLine] = []
    for piece in pieces:
        reader = readers.setdefault(piece.stream, codecs.getincrementaldecoder("utf-8")("replace"))
        try:
            text = reader.decode(base64.b64decode(piece.data))
            at_s = round(seconds(piece.timestamp) - origin, 6)
        except (binascii.Error, ValueError):
            continue
        lines.append(LogLine(at_s, piece.stream, text))
    for stream in readers:
        places = [i for i, line in enumerate(lines) if line.stream == stream]
        for i, text in zip(places, masker.pieces([lines[i].text for i in places]), strict=True):
            if text != lines[i].text:
                lines[i] = replace(lines[i], text=text)
    return tuple(lines)


def _failure(steps: Sequence[Step], others: Sequence[Internal], tail: str) -> Failure:
    """The client's error, the last words of the step that failed, and the excerpt."""
    said = _ERROR.search(tail)
    raw = _PREFIXES.sub("", said["message"].strip()) if said else ""
    every = [s for s in steps if s.state is State.FAILED]
    failed = next((s for s in every if s.error and s.error in raw), next(iter(every), None))
    raw = raw or (failed.error if failed else "") or tail.strip()
    excerpt = _EXCERPT.search(tail)
    words = failing.last_words(failed.logs) if failed else failing.LastWords()
    where = "" if failed else around.blamed(others, raw)
    return Failure(
        where + failing.message(raw) or "the build ended without saying why",
        excerpt["body"].rstrip("\n") if excerpt else "",
        failed.key if failed else None,
        words.lines,
        words.left_out,
        words.earlier,
        raw,
    )


def _iso(epoch_s: float) -> str:
    return (
        datetime.fromtimestamp(epoch_s, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
