"""Images and frontend features that this engine can't have: all of them, in one error.

BuildKit stops at the first image that it can't resolve. So each image that the target needs is
asked for by itself, by the engine, without a layer being pulled.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from buildlab.builds.asked.source import Source
from buildlab.builds.trouble import features, refused
from buildlab.dockerfile.needs import Need, needed
from buildlab.dockerfile.reading import parse
from buildlab.engine.images.model import CANONICAL, DEBIAN, GOLANG, STATIC
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, TimedOut, UsageError
from buildlab.host import child
from buildlab.masking import Masker
from buildlab.record.failing import message
from buildlab.record.flags import given, values
from buildlab.record.model import BuildRecord
from buildlab.record.written import build_arguments

LIMIT_S = 15.0
"""So long an image is waited for."""
_AT_ONCE = 6
_UNRESOLVED = re.compile(r"failed to resolve source metadata for \S+")
_EQUIVALENTS = (
    (re.compile(r"golang"), GOLANG),
    (re.compile(r"debian"), DEBIAN),
    (re.compile(r"gcr\.io/distroless/static(-debian\d+)?"), STATIC),
)


def explained(record: BuildRecord, engine: Engine, source: Source, masker: Masker) -> BuildRecord:
    """The record; where images or features were missing, its failure names all, and what to do."""
    failure = record.failure
    if failure is None:
        return record
    told = ""
    if _UNRESOLVED.search(failure.words):
        told = "\n".join(_missing(engine, source))
    else:
        told = refused.explained(failure.words, source) or features.explained(
            failure.words, source.text(), engine.info.buildkit_version
        )
    return replace(record, failure=replace(failure, message=masker(told))) if told else record


def without_frontend(
    error: UsageError, engine: Engine, source: Source, masker: Masker
) -> UsageError:
    """The error of a # syntax line, with what else this build would lack without that line."""
    told, hint = [error.message], error.hint
    if lost := features.wanted(source.text()):
        told.append(f"  the frontend built in may lack what the file uses: {', '.join(lost)}")
        hint = f"{hint}; without the line, write these in another way"
    return UsageError(masker("\n".join([*told, *_missing(engine, source)])), hint)


def _missing(engine: Engine, source: Source) -> Iterator[str]:
    """The lines of the error."""
    needs = _needs(engine, source)
    why = dict(zip(needs, _asked(engine, source, needs), strict=True))
    gone = [need for need in needs if why[need]]
    if not gone:
        if needs and given(source.flags, "--pull"):
            named = ", ".join(need.image for need in needs)
            yield f"--pull wants {named} from a registry, where it can't be had; the engine has it"
            yield "  → leave --pull out"
        return
    if len(gone) == 1:
        yield f"the image {_named(gone[0])} can't be had here: {why[gone[0]]}"
    else:
        some = f"{len(gone)} of the " if len(gone) < len(needs) else "the "
        yield f"{some}{len(needs)} images that this build needs can't be had here:"
        yield from (f"  {_named(need)}: {why[need]}" for need in gone)
    if len(needs) > len(gone):
        yield f"  here: {', '.join(n.image for n in needs if n not in gone)}"
    yield from _to_type(gone, engine, source)


def _to_type(gone: Sequence[Need], engine: Engine, source: Source) -> Iterator[str]:
    """One line with a context for each image, under the name that the file has."""
    instead = {need.image: _equivalent(need.image, engine) for need in gone}
    words = list(source.flags)
    for name, where in instead.items():
        words += ["--build-context", f"{name}={where or 'docker-image://IMAGE'}"]
    if engine.can.keep_images and any(need.image in CANONICAL for need in gone):
        yield "  → buildlab images: it makes what is missing of the kit's own anew; or"
    yield f"  → buildlab build {shlex.join([*words, source.shown])}"
    if not all(instead.values()):
        yield "    with an IMAGE that this engine has or can pull, or a folder of an OCI layout"
    if any(instead.values()):
        yield f"    ({', '.join(sorted({*filter(None, instead.values())}))}: the local equivalent)"


def _named(need: Need) -> str:
    lines = ", ".join(map(str, need.lines))
    stage = "" if re.search(r"[:/@]", need.image) else ", and no stage above has that name"
    return f"{need.image} ({'line' if len(need.lines) == 1 else 'lines'} {lines}{stage})"


def _needs(engine: Engine, source: Source) -> tuple[Need, ...]:
    """The images of the target, without those that a named context stands for."""
    env = engine.child_env()
    given = {
        name: env.get(name) if value is None else value
        for name, value in build_arguments(source.flags).items()
    }
    targets = values(source.flags, "--target")
    given_contexts = values(source.flags, "--build-context")
    contexts = {value.partition("=")[0].lower() for value in given_contexts}
    every = needed(parse(source.text()), targets[-1] if targets else "", given)
    return tuple(need for need in every if need.image.lower() not in contexts)


def _asked(engine: Engine, source: Source, needs: Sequence[Need]) -> list[str]:
    """Of each image why it can't be had, "" where it can."""
    platforms = [f"--platform={value}" for value in values(source.flags, "--platform")]
    with tempfile.TemporaryDirectory(prefix="buildlab-bases-") as folder:

        def ask(number: int, need: Need) -> str:
            file = Path(folder, str(number), "Dockerfile")
            file.parent.mkdir()
            file.write_text(f"FROM {need.image}\n", "utf-8")
            where = engine.build_contexts.get(need.image)
            contexts = ["--build-context", f"{need.image}={where}"] if where else []
            return _why(engine, [*platforms, *contexts, str(file.parent)])

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(ask, range(len(needs)), needs))


def _why(engine: Engine, words: Sequence[str]) -> str:
    try:
        done = child.run(
            [*engine.buildx, "build", "--call=check", "--progress=plain", *words],
            env=engine.child_env(),
            limit_s=LIMIT_S,
        )
    except TimedOut:
        return f"no answer within {LIMIT_S:g} s"
    except EngineError as fault:
        return fault.message
    said = done.out + done.err
    error = next((x for x in said.splitlines() if x.startswith("ERROR:")), "")
    if done.ok or not _UNRESOLVED.search(said):
        return ""  # the engine has it, whatever else it says
    return ": ".join(message(error).split(": ")[-2:])


def _equivalent(image: str, engine: Engine) -> str:
    """For --build-context: where a local equivalent of such an image is, "" where none is."""
    whole = re.sub(r"^(?:docker\.io/)?(?:library/)?", "", image)
    name = whole.partition("@")[0]
    name = re.sub(r":[^/]*$", "", name)
    same = next((canonical for kind, canonical in _EQUIVALENTS if kind.fullmatch(name)), "")
    if not same or (engine.can.keep_images and whole == same):
        return ""  # none, or the one that is gone
    return engine.base(same)
