"""Why a source of COPY, ADD or a bind mount was not found: what the folder itself tells.

BuildKit says `"/main.go": not found` whatever the cause: the file isn't there, is ignored, has
another name by a capital letter, lies outside of the context, or should come from a stage.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from buildlab.basics import jsontext
from buildlab.builds.asked.source import Source
from buildlab.builds.context.ignoring import rules_of
from buildlab.dockerfile.reading import Stage, parse
from buildlab.record.model import BuildRecord
from buildlab.record.steps import Step

_NOT_FOUND = re.compile(r'"(?P<path>/[^"]*)": not found\s*$')
_FLAG = re.compile(r"--(?P<name>[a-z-]+)(?:=(?P<value>\S+))?")
_LOOKED_AT = 20_000


def explained(record: BuildRecord, source: Source, masker: Callable[[str], str]) -> BuildRecord:
    """The record; where a file was not found, its failure says why, as far as can be seen."""
    failure = record.failure
    found = _NOT_FOUND.search(failure.message) if failure else None
    step = next((s for s in record.steps if failure and s.key == failure.step), None)
    if failure is None or found is None or step is None:
        return record
    why = masker(_why(found["path"], step, source))
    return replace(record, failure=replace(failure, message=why))


def _why(path: str, step: Step, source: Source) -> str:
    """One sentence. `path` is as BuildKit looked for it: from the root of where it comes from."""
    sources = list(_sources(step.instruction))
    same = (s for s in sources if posixpath.normpath(f"/{s[0].lstrip('/')}") == path)
    origins = {origin for _, origin in sources}
    written, origin = next(same, (path, origins.pop() if len(origins) == 1 else ""))
    if not origin:
        if source.folder is None:
            return f"{path.lstrip('/')} is not in the context {source.shown}"
        return _in_folder(path, written, source.folder, source.dockerfile, "the context")
    if origin in source.named:
        return _in_folder(path, written, source.named[origin], None, f"the named context {origin}")
    return f"{path} is not in {_named(origin, path, source)}"


def _named(origin: str, path: str, source: Source) -> str:
    stages = parse(source.text()).stages
    stage = next((s for s in stages if origin.lower() in (s.name, str(s.index))), None)
    if stage is None:
        return f"the image {origin}"
    if line := _mounted(stage, path, stages):
        return f"stage {origin}: line {line} mounts it, and what is in a mount is in no stage"
    return f"stage {origin}: no step of it makes that"


def _mounted(stage: Stage, path: str, stages: Sequence[Stage]) -> int:
    """The line of a RUN, here or in a stage below, with a mount over this path; 0 for none."""
    for one in reversed(stage.instructions):
        for options in _mounts(one.rest) if one.keyword == "RUN" else ():
            names = (options[n] for n in ("target", "dst", "destination") if n in options)
            if any(f"{path}/".startswith(f"{name.rstrip('/')}/") for name in names):
                return one.lines[0]
    base = stage.base.lower()
    below = next((s for s in stages[: stage.index] if base and s.name == base), None)
    return _mounted(below, path, stages) if below else 0


def _in_folder(path: str, written: str, root: Path, dockerfile: Path | None, where: str) -> str:
    inside = path.lstrip("/")
    outside = f"{written} lies outside of {where}: a step can only read what is in it"
    if posixpath.normpath(written).startswith(".."):
        return outside
    here = root / inside
    if os.path.lexists(here):
        rules = rules_of(root, dockerfile)
        if rule := rules.keeps_out(root, inside):
            return f"{inside} exists, but {rules.name} excludes it (line {rule.line}: {rule.text})"
        return _there_but_not_sent(inside, here, root, where)
    if other := _other_case(root, inside):
        return f"{inside} is not in {where}, {other} is: capital letters count"
    if posixpath.isabs(written) and os.path.lexists(written):
        return outside
    return f"{inside} is not in {where}{_nearby(inside, root, dockerfile)}"


def _nearby(inside: str, root: Path, dockerfile: Path | None) -> str:
    """Something of that name which is there: beside the Dockerfile, or anywhere in the context."""
    if dockerfile is not None and os.path.lexists(beside := dockerfile.parent / inside):
        shown = os.path.relpath(beside, root)
        if not shown.startswith(".."):
            return f", {shown} is: paths begin at the context's root, not at the Dockerfile"
    near = _elsewhere(root, posixpath.basename(inside))
    return f"; there is {near}" if near else ""


def _there_but_not_sent(inside: str, here: Path, root: Path, where: str) -> str:
    mode = here.lstat().st_mode
    if stat.S_ISLNK(mode):
        target = os.readlink(here)  # noqa: PTH115 (a Path would clean it)
        lies = "" if here.resolve().is_relative_to(root.resolve()) else f", outside of {where}"
        return f"{inside} is a link to {target}, which is not there{lies}"
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return f"{inside} is neither a file nor a folder: such things are not sent to the engine"
    return f"{inside} was not in {where} when the build began"


def _other_case(root: Path, inside: str) -> str:
    """The path of this name but for capital letters, "" where there is none."""
    folder, parts = root, list[str]()
    for part in inside.split("/"):
        try:
            names = os.listdir(folder)  # noqa: PTH208 (names are all that is asked)
        except OSError:
            return ""
        same = part if part in names else None
        same = same or next((n for n in sorted(names) if n.casefold() == part.casefold()), None)
        if same is None:
            return ""
        parts.append(same)
        folder = folder / same
    return "/".join(parts)


def _elsewhere(root: Path, name: str) -> str:
    """Where in the context something of this name lies, nearest to the root first."""
    seen, todo = 0, [root]
    while todo:
        folder = todo.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > _LOOKED_AT:
                return ""
            if entry.name == name:
                return os.path.relpath(entry.path, root)
            if entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                todo.append(Path(entry.path))
    return ""


def _sources(instruction: str) -> Iterator[tuple[str, str]]:
    """Each source that an instruction reads, and its `from`; "" is the main context."""
    keyword, _, rest = instruction.partition(" ")
    if keyword.upper() == "RUN":
        for options in _mounts(rest):
            if options.get("type", "bind") == "bind":
                yield options.get("source", options.get("src", "")), options.get("from", "")
        return
    origin = ""
    while flag := _FLAG.match(rest.lstrip()):
        if flag["name"] == "from":
            origin = flag["value"] or ""
        rest = rest.lstrip()[flag.end() :]
    for word in _words(rest.strip())[:-1]:
        yield word, origin


def _words(text: str) -> list[str]:
    if text.startswith("["):
        try:
            return [str(word) for word in jsontext.loads(text)]
        except ValueError:
            pass
    return text.split()


def _mounts(text: str) -> Iterator[dict[str, str]]:
    """The options of each `--mount` of a RUN."""
    for flag in _FLAG.finditer(text):
        if flag["name"] == "mount":
            parts = str(flag["value"] or "").split(",")
            yield dict(part.partition("=")[::2] for part in parts)
