"""The `docker buildx build` command line of one build: what runs, and what a learner can paste."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from buildlab.builds.asked.source import Source
from buildlab.engine.model import Engine
from buildlab.record.flags import given, without

Output = Literal["image", "load", "cache", "none"]

DEFAULT_CACHE_NS = "buildlab"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_LOOPBACK = re.compile(r"\b(localhost|127(\.\d+){3})\b|\[::1\]")
_GO_SETTINGS = ("GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE")


@dataclass(frozen=True, slots=True)
class Command:
    """`argv` is what runs; `shown` has the same effect, without what only the kit needs."""

    argv: tuple[str, ...]
    shown: tuple[str, ...]


def compose(
    engine: Engine,
    source: Source,
    *,
    run_context: str,
    title: str,
    cache_ns: str | None,
    output: Output,
    metadata_file: Path,
) -> Command:
    """The command line. What the user gave comes last, so that it wins."""
    ours = (
        *_output(engine, output, title, source.flags),
        *("--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={cache_ns or DEFAULT_CACHE_NS}"),
        *_host_arguments(engine, source),
        *named_contexts(engine, source),
    )
    plumbing = ("--progress=rawjson", f"--metadata-file={metadata_file}")
    # The user's own metadata file is written from ours, which holds more.
    theirs = without(source.flags, "--metadata-file")
    argv = (*engine.buildx, "build", *plumbing, *ours, *theirs, "--", run_context)
    builder = () if engine.builder in ("", "default") else ("--builder", engine.builder)
    head = ("docker", "buildx", "build", "--progress=plain", *builder)
    return Command(argv, (*head, *ours, *source.flags, source.shown))


def _output(engine: Engine, output: Output, title: str, flags: Sequence[str]) -> tuple[str, ...]:
    if output == "cache":
        return ("--output", "type=cacheonly")
    if output == "none" or given(flags, "--output", "--push", "--load"):
        return ()
    # An image that the user names, or asks the id of, is theirs: as docker would make it.
    if output == "load" or given(flags, "--tag", "--iidfile", "--metadata-file"):
        return ("--load",)
    return (
        "--load",
        *("--tag", tag(title, engine.session)),
        *("--label", "dev.buildlab=1", "--label", f"dev.buildlab.session={engine.session}"),
    )


def tag(title: str, session: str) -> str:
    """The image's name: `buildlab.local/<title>:<session>`, made of what docker allows."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
    return f"buildlab.local/{slug or 'build'}:{session}"


def _host_arguments(engine: Engine, source: Source) -> Iterator[str]:
    """Proxies (no part of any cache key), and Go's settings where the Dockerfile has an ARG for
    them. Without a value: the client takes it from the environment, and no password is shown."""
    env = engine.child_env()
    for name in _PROXIES:
        for variable in (name, name.lower()):
            if value := env.get(variable):
                # The engine's namespace has a loopback of its own, where no proxy listens.
                if engine.can.own_network and _LOOPBACK.search(value):
                    continue
                yield from ("--build-arg", variable)
    text = source.text()
    for variable in _GO_SETTINGS:
        if env.get(variable) and re.search(rf"^\s*ARG\b.*\b{variable}\b", text, re.I | re.M):
            yield from ("--build-arg", variable)


def named_contexts(engine: Engine, source: Source) -> Iterator[str]:
    """The local equivalents of base images that this Dockerfile may name."""
    text = source.text()
    computed = source.said is None or re.search(r"^\s*FROM\b.*\$", text, re.I | re.M)
    for name, where in engine.build_contexts.items():
        if computed or name in text:
            yield from ("--build-context", f"{name}={where}")
