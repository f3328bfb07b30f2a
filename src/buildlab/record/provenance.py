"""What the metadata file tells of the build graph: mounts, Dockerfile lines, layers, by digest.

Reads the max provenance in both shapes that BuildKit writes (SLSA 0.2 and 1). Whatever is missing
or of another shape is left out: a record without it is poorer, not wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from buildlab import masking
from buildlab.record.steps import CacheMount, Layer
from buildlab.record.stream.fold import decoded

_KEY: Final = "buildx.build.provenance"
_SHARING: Final = {0: "shared", 1: "private", 2: "locked"}
_SECRET, _CACHE = 1, 3
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Op:
    """One node of the build graph. `chain` are its result's layers, base first, if known."""

    id: str
    inputs: tuple[str, ...] = ()
    cache_mounts: tuple[CacheMount, ...] = ()
    secret_ids: tuple[str, ...] = ()
    lines: tuple[int, int] | None = None
    chain: tuple[Layer, ...] = ()
    own_layers: tuple[Layer, ...] = ()
    """The layers that it adds to what its inputs have."""
    source: str = ""
    """Of a source: what it is, `docker-image://…@sha256:…` say."""
    content: str = ""
    """Of a source that was fetched: its digest."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The provenance of one build, by vertex digest."""

    ops: Mapping[str, Op] = field(default_factory=dict)
    image_digest: str = ""
    image_layers: tuple[Layer, ...] = ()
    """Layers of the final result; () where unknown or where there are several platforms."""
    secrets: tuple[str, ...] = ()
    """Values that the build got under secret names, to be masked."""
    dockerfile: str = ""
    """The Dockerfile's text."""
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    """The values of --build-arg."""


def read(metadata: Mapping[str, Any] | None) -> Graph:
    """The graph in a `--metadata-file`; an empty one where there is none, as after a failure."""
    if not metadata:
        return Graph()
    parts = [v for k, v in sorted(metadata.items()) if k == _KEY or k.startswith(f"{_KEY}/")]
    ops: dict[str, Op] = {}
    secrets: list[str] = []
    finals: list[tuple[Layer, ...]] = []
    dockerfile, arguments = "", dict[str, str]()
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        config, details, args = _sections(part)
        secrets += _secrets(details, args)
        dockerfile = dockerfile or next(_texts(details), "")
        arguments |= _arguments(args)
        namespace = str(args.get("build-arg:BUILDKIT_CACHE_MOUNT_NS", ""))
        found = _ops(config, details, namespace, _materials(part))
        finals.append(_final(config, found))
        mapping = _dict(config.get("digestMapping"))
        ops |= {digest: found[step] for digest, step in mapping.items() if step in found}
    layers = finals[0] if len(finals) == 1 else ()
    digest = metadata.get("containerimage.digest")
    return Graph(
        ops,
        digest if isinstance(digest, str) else "",
        layers,
        tuple(secrets),
        dockerfile,
        arguments,
    )


def _sections(part: Json) -> tuple[Json, Json, Json]:
    """Build config, BuildKit's own metadata, frontend arguments: in SLSA 0.2 or SLSA 1."""
    if definition := _dict(part.get("buildDefinition")):
        run = _dict(_dict(part.get("runDetails")).get("metadata"))
        config = _dict(_dict(definition.get("internalParameters")).get("buildConfig"))
        request = _dict(_dict(definition.get("externalParameters")).get("request"))
        return config, _dict(run.get("buildkit_metadata")), _dict(request.get("args"))
    extra = _dict(part.get("metadata")).get("https://mobyproject.org/buildkit@v1#metadata")
    parameters = _dict(_dict(part.get("invocation")).get("parameters"))
    return _dict(part.get("buildConfig")), _dict(extra), _dict(parameters.get("args"))


def _secrets(details: Json, args: Json) -> Iterator[str]:
    yield from (value for name, value in _arguments(args).items() if masking.secret_name(name))
    for text in _texts(details):
        yield from masking.declared(text)


def _arguments(args: Json) -> dict[str, str]:
    mark = "build-arg:"
    return {
        name[len(mark) :]: value
        for name, value in args.items()
        if name.startswith(mark) and isinstance(value, str)
    }


def _texts(details: Json) -> Iterator[str]:
    """The Dockerfile, and what else instructions came from."""
    for info in _list(_dict(details.get("source")).get("infos")):
        yield decoded(str(_dict(info).get("data") or ""))


def _materials(part: Json) -> dict[str, str]:
    """Digests of what was fetched, by address: in SLSA 0.2 or SLSA 1."""
    definition = _dict(part.get("buildDefinition"))
    listed = _list(definition.get("resolvedDependencies")) or _list(part.get("materials"))
    return {
        str(one.get("uri")): f"{kind}:{digest}"
        for one in map(_dict, listed)
        for kind, digest in _dict(one.get("digest")).items()
    }


def _content(source: str, materials: Mapping[str, str]) -> str:
    """The digest of a source, "" where it isn't told."""
    name, at, digest = source.partition("@sha256:")
    addresses = name, name.partition("://")[2]
    found = next((materials[one] for one in addresses if one in materials), "")
    return f"sha256:{digest}" if at else found


def _ops(
    config: Json, details: Json, namespace: str, materials: Mapping[str, str]
) -> dict[str, Op]:
    locations = _dict(_dict(details.get("source")).get("locations"))
    layers = _dict(details.get("layers"))
    ops: dict[str, Op] = {}
    for raw in map(_dict, _list(config.get("llbDefinition"))):
        step = str(raw.get("id"))
        inputs = tuple(str(i).partition(":")[0] for i in _list(raw.get("inputs")))
        execution = _dict(_dict(_dict(raw.get("op")).get("Op")).get("exec"))
        mounts = [_dict(m) for m in _list(execution.get("mounts"))]
        chain = _chain(layers.get(f"{step}:0"))
        below = _longest_below(inputs, ops, chain)
        of_source = _dict(_dict(_dict(raw.get("op")).get("Op")).get("source"))
        source = str(of_source.get("identifier") or "")
        ops[step] = Op(
            step,
            inputs,
            tuple(_cache_mounts(mounts, namespace)),
            tuple(dict.fromkeys(_secret_ids(execution, mounts))),
            _lines(_dict(locations.get(step))),
            chain,
            chain[below:],
            source,
            _content(source, materials),
        )
    return ops


def _cache_mounts(mounts: Sequence[Json], namespace: str) -> Iterator[CacheMount]:
    """Ids are stored as `<namespace>/<id>`; the default id is the target path."""
    for mount in mounts:
        if mount.get("mountType") != _CACHE:
            continue
        options = _dict(mount.get("cacheOpt"))
        stored = str(options.get("ID") or "")
        sharing = options.get("sharing", 0)
        yield CacheMount(
            stored.removeprefix(f"{namespace}/"),
            str(mount.get("dest") or "").rstrip("/") or "/",
            _SHARING.get(sharing, str(sharing).lower()),
        )


def _secret_ids(execution: Json, mounts: Sequence[Json]) -> Iterator[str]:
    for mount in mounts:
        if mount.get("mountType") == _SECRET:
            yield str(_dict(mount.get("secretOpt")).get("ID") or "")
    for variable in _list(execution.get("secretenv")):
        yield str(_dict(variable).get("ID") or "")


def _lines(location: Json) -> tuple[int, int] | None:
    """Of the first instruction, where several (the same FROM twice, say) made one op."""
    first = _dict(next(iter(_list(location.get("locations"))), {}))
    ranges = [_dict(r) for r in _list(first.get("ranges"))]
    ends = [_dict(r.get(side)).get("line") for r in ranges for side in ("start", "end")]
    numbers = [n for n in ends if isinstance(n, int)]
    return (min(numbers), max(numbers)) if numbers else None


def _chain(alternatives: object) -> tuple[Layer, ...]:
    """The layers of a result. Of several compressions that exist, the first."""
    chains = _list(alternatives)
    return tuple(
        Layer(
            str(layer.get("digest") or ""),
            int(layer.get("size") or 0),
            str(layer.get("mediaType") or ""),
        )
        for layer in map(_dict, _list(chains[0]) if chains else ())
    )


def _longest_below(inputs: Sequence[str], ops: Mapping[str, Op], chain: Sequence[Layer]) -> int:
    """How many of a result's layers come from below. Not all results below have known layers."""
    longest, seen, todo = 0, set[str](), list(inputs)
    while todo:
        step = todo.pop()
        if step in seen or step not in ops:
            continue
        seen.add(step)
        below = ops[step].chain
        if longest < len(below) and below == tuple(chain[: len(below)]):
            longest = len(below)
        todo.extend(ops[step].inputs)
    return longest


def _final(config: Json, ops: Mapping[str, Op]) -> tuple[Layer, ...]:
    """Layers of what the last, empty op returns."""
    definition = _list(config.get("llbDefinition"))
    if not definition:
        return ()
    last = _dict(definition[-1])
    inputs = [str(i).partition(":")[0] for i in _list(last.get("inputs"))]
    return ops[inputs[0]].chain if len(inputs) == 1 and inputs[0] in ops else ()


def _dict(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
