"""LLB as rows: the operations that a Dockerfile became, read from the build's max provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buildlab.bench.runs import Fact
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import short_instruction

PROVENANCE = "provenance.json"
"""What the exporters `local` and `tar` write beside the files, with `--attest type=provenance`."""


def rows(provenance: Mapping[str, Any], record: BuildRecord) -> tuple[dict[str, Fact], ...]:
    """One row per operation: its kind, what it does, its inputs, its lines, its step."""
    predicate = provenance.get("predicate", {})
    config, details = _sections(predicate)
    locations = details.get("source", {}).get("locations", {})
    by_digest = {d: str(s.key) for s in record.steps for d in s.digests}
    steps = {op: by_digest[d] for d, op in config["digestMapping"].items() if d in by_digest}
    return tuple(
        {
            "op": raw["id"],
            "kind": _kind(raw),
            "does": short_instruction(" ".join(_does(raw)), 48),
            "inputs": ", ".join(i.partition(":")[0] for i in raw.get("inputs", ())),
            "lines": _lines(locations.get(raw["id"], {})),
            "step": steps.get(raw["id"], ""),
        }
        for raw in config["llbDefinition"]
    )


def _sections(predicate: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The graph and its source locations, in SLSA 0.2 or SLSA 1."""
    if definition := predicate.get("buildDefinition"):
        run = predicate["runDetails"]["metadata"]
        return definition["internalParameters"]["buildConfig"], run["buildkit_metadata"]
    extra = predicate["metadata"]["https://mobyproject.org/buildkit@v1#metadata"]
    return predicate["buildConfig"], extra


def _op(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = raw.get("op", {}).get("Op") or {}
    return found


def _kind(raw: Mapping[str, Any]) -> str:
    return next(iter(_op(raw)), "result")


def _does(raw: Mapping[str, Any]) -> Iterator[str]:
    op = _op(raw)
    if "source" in op:
        yield str(op["source"]["identifier"]).partition("@")[0]
    for action in op.get("file", {}).get("actions", ()):
        name, values = next(iter(action["Action"].items()))
        yield from (name, *(str(values[k]) for k in ("path", "src", "dest") if k in values))
    if "exec" in op:
        yield str(op["exec"]["meta"]["args"][-1])


def _lines(location: Mapping[str, Any]) -> str:
    """Of all instructions that became this operation: equal ones became one."""
    ranges: Sequence[Mapping[str, Any]] = [
        r for one in location.get("locations", ()) for r in one.get("ranges", ())
    ]
    return ", ".join(dict.fromkeys(str(r["start"]["line"]) for r in ranges))
