"""The inputs of docker/build-push-action, as flags of `docker buildx build`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from buildlab.errors import UsageError

REGISTRY: Final = "ghcr.io"
REFUSED: Final = "127.0.0.1:1"
"""A registry that refuses: nobody listens there."""
_INPUTS: Final = {
    *("context", "file", "target", "tags", "labels", "push", "load", "build-args", "secrets"),
    *("cache-from", "cache-to", "platforms", "provenance", "sbom", "pull", "no-cache", "builder"),
}
_PLAIN: Final = {"provenance": "provenance", "sbom": "sbom", "platforms": "platform"}


@dataclass(frozen=True, slots=True)
class Places:
    """The address that stands for ghcr.io: for images, for caches read, for caches written."""

    images: str
    cache_from: str
    cache_to: str


def flags_of(inputs: Mapping[str, str], places: Places) -> list[str]:
    """The flags. Raises UsageError for inputs that can't be run here."""
    if unknown := set(inputs) - _INPUTS:
        raise UsageError(
            f"the input {sorted(unknown)[0]} of build-push can't be run here", "do without it"
        )
    if inputs.get("context", ".") not in (".", "./"):
        raise UsageError("the context is another folder", "write context: .")
    if inputs.get("secrets"):
        raise UsageError("build-push hands secrets over", "this image's build needs none")
    flags = [f"--file={inputs['file']}"] if inputs.get("file") else []
    flags += [f"--target={inputs['target']}"] if inputs.get("target") else []
    for name, flag in (("build-args", "--build-arg"), ("labels", "--label")):
        flags += [f"{flag}={line}" for line in lines(inputs.get(name, ""))]
    flags += [f"--{_PLAIN[name]}={inputs[name]}" for name in _PLAIN if inputs.get(name)]
    flags += ["--no-cache"] if inputs.get("no-cache") == "true" else []
    for name, place in (("cache-from", places.cache_from), ("cache-to", places.cache_to)):
        flags += [f"--{name}={_here(line, place)}" for line in lines(inputs.get(name, ""))]
    tags = [f"--tag={_here(tag, places.images)}" for tag in lines(inputs.get("tags", ""))]
    if inputs.get("push", "false") == "true":
        return [*flags, "--push", *tags]
    return [*flags, "--output=type=cacheonly"]


def lines(text: str) -> list[str]:
    """The lines of an input that is a list."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _here(ref: str, place: str) -> str:
    """A reference, or a cache's description, with this address in the registry's place."""
    if "type=inline" in ref:
        return ref
    if "type=" in ref and "type=registry" not in ref:
        raise UsageError(f"the cache {ref} can't be run here", "use type=registry")
    if REGISTRY not in ref:
        raise UsageError(f"{ref} is not at {REGISTRY}", f"name it {REGISTRY}/…")
    return ref.replace(REGISTRY, place)
