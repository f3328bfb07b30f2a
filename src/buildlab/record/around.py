"""What a build did around its steps: transfers, imports, exports, and what they tell of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from buildlab.record import failing
from buildlab.record.steps import BuildWarning, Internal
from buildlab.record.stream import Fold, Vertex
from buildlab.record.stream.vertex import intervals

GIT_SOURCE = "[internal] load git source "
_COMMIT = re.compile(r"^(?P<commit>[0-9a-f]{40}|[0-9a-f]{64})\t(?P<ref>\S+)", re.M)
_FULL = re.compile(r"#(?P<commit>[0-9a-f]{40}|[0-9a-f]{64})(?::|$)")
_NO_LOCAL = re.compile(r"local cache import at (?P<where>.+?) not found due to err: (?P<why>.+)")
_IMPORT = re.compile(r"^importing cache manifest from ")
_CACHES = {"cache import": "imported from", "cache export": "exported"}


def internals(fold: Fold, origin: float) -> Iterator[Internal]:
    """Every vertex that is no part of a step. Times are seconds since `origin`."""
    steps = {v.digest for g in fold.groups() for v in g.members}
    for vertex in fold.vertexes():
        if vertex.digest in steps:
            continue
        kind = vertex.parsed.kind
        yield Internal(
            name=fold.masker(vertex.name),
            kind=kind if kind not in ("step", "base") else "other",
            intervals=intervals((vertex,), origin, fold.latest),
            cached=vertex.cached,
            transferred_bytes=vertex.transferred_bytes,
            error=fold.masker(vertex.error),
            commit=_commit(vertex),
        )


def _commit(vertex: Vertex) -> str:
    """The commit of a git source: what git said of its ref, or the one that is asked for."""
    if not vertex.name.startswith(GIT_SOURCE):
        return ""
    said = ""
    for piece in vertex.logs:
        with suppress(ValueError):
            said += base64.b64decode(piece.data).decode("utf-8", "replace")
    found = {m["ref"]: m["commit"] for m in _COMMIT.finditer(said)}
    # An annotated tag is followed by the commit that it is put on: "refs/tags/v1^{}".
    peeled = [commit for ref, commit in found.items() if ref.endswith("^{}")]
    asked = _FULL.search(vertex.name)
    return next(iter([*peeled, *found.values()]), asked["commit"] if asked else "")


def built_commit(found: Iterable[Internal], context: str) -> str:
    """The commit of the context, "" where the context is no git repository."""
    return next((i.commit for i in found if i.name == f"{GIT_SOURCE}{context}"), "")


def cache_warnings(found: Iterable[Internal], plain: Sequence[str]) -> Iterator[BuildWarning]:
    """Imports and exports of the cache that failed: BuildKit goes on without them.

    `plain` are the client's lines of plain text; an error that ended the build is no warning.
    """
    ended = " ".join(line for line in plain if line.startswith("ERROR: "))
    for internal in found:
        if internal.error and internal.kind in _CACHES and internal.error not in ended:
            what = _CACHES[internal.kind]
            where = _IMPORT.sub("", internal.name) if internal.kind == "cache import" else ""
            said = failing.message(internal.error)
            yield BuildWarning(
                internal.kind,
                f"nothing was {f'{what} {where}'.strip()}, and the build did without: {said}",
            )
    for line in plain:
        if absent := _NO_LOCAL.search(line):
            yield BuildWarning(
                "cache import",
                f"nothing was imported from {absent['where']}, and the build did without: "
                f"{absent['why']}",
            )


def blamed(found: Iterable[Internal], raw: str) -> str:
    """What failed where no step did, before a colon: an export, say. "" where that isn't known."""
    names = (i.name for i in found if i.error and i.error in raw)
    return next((f"{name}: " for name in names if not name.startswith("[")), "")
