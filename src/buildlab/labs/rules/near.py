"""Rules of how near a build comes to the compiler alone, and what it does besides."""

from __future__ import annotations

import posixpath
import re
from statistics import median

from buildlab.builds.client.outside import Outside, Timed, outside
from buildlab.errors import quoted
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import count, format_bytes, format_ratio, short_instruction
from buildlab.record.steps import State, Step, StepKey

ROUNDS = 2
_PACKAGE = re.compile(r"[\w.-]+(?:/[\w.-]+)*")


@rule
def runs_at_most(trial: Trial, *, edit: str, steps: int) -> Seen:
    """After this edit that many steps run at most, and at least one, as the edit has to arrive.

    Facts: `ran`, `last` (the first word of the last instruction that ran).
    """
    record = trial.built(edit).record
    ran = [s for s in record.work if s.cacheable and s.state is not State.CACHED]
    last = max(ran, key=lambda s: s.start_s or 0.0, default=None)
    facts: dict[str, Fact] = {"ran": len(ran), "last": last.keyword if last else ""}
    names = ", ".join(f"{s.place} ({short_instruction(s.instruction, 40)})" for s in ran)
    text = f"after {edit}, {count(len(ran), 'step')} ran: {names or 'none'}"
    return Seen(0 < len(ran) <= steps, f"{text}; {steps} at most asked for", facts)


@rule
def keys_no_root(trial: Trial) -> Seen:
    """No step copies a file out of the root of a stage that stands on a base image: to key it
    BuildKit would read all that is there. It is read off the steps, not off a clock.

    Facts: `copies` (those that do), `step` (the place of the first).
    """
    trial.doing("compile")
    record = trial.built().record
    found = [s for s in record.work if s.keyword == "COPY" and _reads_a_root(s, record)]
    facts: dict[str, Fact] = {"copies": len(found), "step": found[0].place if found else ""}
    if found:
        what = short_instruction(found[0].instruction, 60)
        return Seen(False, f"{found[0].place} ({what}) has a whole file system in its key", facts)
    return Seen(True, "no copy has a whole file system in its key", facts)


@rule
def links_with(trial: Trial, *, edit: str, flags: tuple[str, ...]) -> Seen:
    """After this edit something is linked, and each link has these flags (of -s and -w).

    Facts: `links`, `without` (links that lack one).
    """
    trial.doing("link")
    links = trial.built(edit).told.linked
    without = [given for given in links if not set(flags) <= set(given.split())]
    facts: dict[str, Fact] = {"links": len(links), "without": len(without)}
    if not links:
        return Seen(False, f"after {edit}, nothing was linked", facts)
    if without:
        told = without[0] or "neither -s nor -w"
        return Seen(False, f"the linker got {told}, where {' '.join(flags)} is asked for", facts)
    return Seen(True, f"the linker got {links[0]}", facts)


@rule
def exports_only(trial: Trial, *, edit: str, layers: int, size_bytes: int) -> Seen:
    """The image after this edit has that many layers at most that the one before hasn't, and they
    are no larger than that, compressed.

    Facts: `new layers`, `new_bytes`.
    """
    before = {layer.digest for layer in trial.built(image=True).record.layers}
    new = [x for x in trial.built(edit, image=True).record.layers if x.digest not in before]
    size = sum(layer.size_bytes for layer in new)
    facts: dict[str, Fact] = {"new layers": len(new), "new_bytes": size}
    text = f"after {edit}, {count(len(new), 'layer')} new, {format_bytes(size)} compressed"
    asked = f"at most {layers} and {format_bytes(size_bytes)} asked for"
    return Seen(0 < len(new) <= layers and size <= size_bytes, f"{text}; {asked}", facts)


@rule
def compiles_as_beside(trial: Trial, *, edit: str, command: str) -> Seen:
    """A build after this edit compiles no more packages than this `go build -v` in a container
    beside it, after the same edit. How long both take is told as a ratio, and decides nothing.

    Facts: `compiled`, `beside` (packages there), `times` (the median of ratios within a round; 0
    where this engine can't run a container).
    """
    trial.doing("compile")
    if not trial.go_image or not trial.engine.can.docker_api:
        raise Ungradable("this engine keeps no images to run", "use another one: BUILDLAB_ENGINE")
    ratios = []
    with outside(trial.engine, trial.go_image) as machine:
        machine.run("mkdir -p /src").require_ok()
        _beside(trial, machine, edit, command)
        trial.again(edit, output="image")
        for _ in range(ROUNDS):
            alone = _beside(trial, machine, edit, command)
            made = trial.again(edit, output="image")
            ratios.append(made.record.wall_s / alone.wall_s)
    beside = len([line for line in alone.output.splitlines() if _PACKAGE.fullmatch(line)])
    times = round(median(ratios), 2)
    compiled = len(made.told.packages)
    facts: dict[str, Fact] = {"compiled": compiled, "beside": beside, "times": times}
    text = f"{count(compiled, 'package')} compiled, {beside} by go build beside it"
    told = f"{text}, in {format_ratio(times)} of its time"
    return Seen(0 < compiled <= beside, told, facts)


def _beside(trial: Trial, machine: Outside, edit: str, command: str) -> Timed:
    """Have the edited source there, and run the command."""
    try:
        trial.apply(edit)
        for path in sorted(trial.tree.path.rglob("*")):
            if path.is_file() and path.suffix in (".go", ".mod", ".sum"):
                inside = f"/src/{path.relative_to(trial.tree.path).as_posix()}"
                machine.run(f"mkdir -p {quoted(posixpath.dirname(inside))}").require_ok()
                machine.write(inside, path.read_bytes())
    finally:
        trial.tree.reset()
    return machine.run("cd /src && " + command).require_ok()


def _reads_a_root(step: Step, record: BuildRecord) -> bool:
    words = [w for w in step.instruction.split()[1:] if not w.startswith("--")]
    if "--from=" not in step.instruction or len(words) < 2:
        return False
    sources = (posixpath.normpath("/" + word.lstrip("/")) for word in words[:-1])
    in_root = [path for path in sources if posixpath.dirname(path) == "/"]
    others = [key for key in step.inputs if key.stage != step.stage]
    return bool(in_root) and any(_has_base(key, record) for key in others)


def _has_base(key: StepKey, record: BuildRecord) -> bool:
    """Whether that stage stands on a base image, so that its root holds more than it copied: it
    begins with one, or runs programs, which need one."""
    before = (s for s in record.steps if s.stage == key.stage and s.key.index <= key.index)
    return any(s.keyword in ("FROM", "RUN") for s in before)
