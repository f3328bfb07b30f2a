"""The metadata file: the kit's own, with the whole graph, and the one that the user asked for.

A build writes one. The kit's has max provenance, so that of the user is made from it: with as
much as docker would have written by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.host import outfile

MODE = "BUILDX_METADATA_PROVENANCE"
_KEY = "buildx.build.provenance"
_NAMESPACE = "build-arg:BUILDKIT_CACHE_MOUNT_NS"
_OFF = ("disabled", "0", "f", "false")


def take(path: Path) -> Mapping[str, Any] | None:
    """What the client said of a build, and the file is gone; None where the build failed."""
    try:
        data = jsontext.loads(path.read_bytes())
        path.unlink()  # it holds every argument's value
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def write(path: Path, ours: Mapping[str, Any], env: Mapping[str, str], *, cache_ns: bool) -> None:
    """Write the file that docker would have, in the user's `env`. Raises OSError.

    `cache_ns` is whether the user gave the cache mounts a namespace, which the kit does otherwise.
    """
    mode = env.get(MODE, "").strip().lower()
    theirs = {
        key: value if mode == "max" else _least(value)
        for key, value in ours.items()
        if not (mode in _OFF and _of_provenance(key))
    }
    if not cache_ns:
        for key in filter(_of_provenance, theirs):
            _forget_namespace(theirs[key])
    outfile.write(path, json.dumps(theirs, indent=2, ensure_ascii=False))


def _of_provenance(key: str) -> bool:
    return key == _KEY or key.startswith(f"{_KEY}/")


def _least(value: Any) -> Any:
    """Provenance without what only the mode "max" has; anything else as it is."""
    if not isinstance(value, dict) or not ("buildType" in value or "buildDefinition" in value):
        return value
    least = {k: v for k, v in value.items() if k not in ("buildConfig", "metadata")}
    if isinstance(definition := least.get("buildDefinition"), dict):
        inner = definition.get("internalParameters")
        kept = {k: v for k, v in (inner or {}).items() if k != "buildConfig"}
        least["buildDefinition"] = {**definition, "internalParameters": kept}
    if isinstance(run := least.get("runDetails"), dict):
        least["runDetails"] = {k: v for k, v in run.items() if k != "metadata"}
    return least


def _forget_namespace(provenance: Any) -> None:
    for path in (
        ("invocation", "parameters", "args"),
        ("buildDefinition", "externalParameters", "request", "args"),
    ):
        *outer, last = path
        place = provenance
        for name in outer:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict) and isinstance(args := place.get(last), dict):
            args.pop(_NAMESPACE, None)
            if not args:
                del place[last]
