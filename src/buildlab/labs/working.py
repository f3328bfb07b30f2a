"""What a learner does with a lab, for the command line and for notebooks alike."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildlab import replay
from buildlab.errors import RecordError, UsageError
from buildlab.labs import copies, debrief, grading, progress, reading
from buildlab.labs.copies import Copy
from buildlab.labs.debrief import Debrief, Figures
from buildlab.labs.files import files
from buildlab.labs.grading import Decided, nobody
from buildlab.labs.model import Lab, Report
from buildlab.labs.toolchain import Progress

WHY = "WHY.md"


def begin(lab: Lab) -> tuple[Copy, bool]:
    """The working copy, and whether it was made now; noted in the progress."""
    found = copies.begin(lab)
    progress.begun(lab.name)
    return found


def check(copy: Copy, *, telling: Progress = nobody, decided: Decided = nobody) -> Report:
    """Grade the working copy, and note what came of it. Raises as `grading.check`.

    In replay it is a UsageError: nothing is graded there.
    """
    refuse_replay(copy.lab)
    digest = copy.digest()
    report = grading.check(copy.lab, copy.path, progress=telling, decided=decided)
    progress.checked(report, digest)
    return report


def check_solution(lab: Lab, *, telling: Progress = nobody, decided: Decided = nobody) -> Report:
    """Grade the kit's own solution."""
    with overlaid(lab, lab.solution) as folder:
        return grading.check(lab, folder, progress=telling, decided=decided)


def debriefed(lab: Lab, *, telling: Progress = nobody) -> Debrief:
    """The debrief of a lab that was passed; the solution is measured once on each machine.

    In replay, the recorded one. Raises UsageError where the lab wasn't passed yet.
    """
    if replay.active():
        recorded = debrief.kept(lab)
        return Debrief(lab, None, recorded, following(lab), recorded.where)
    known = progress.read()
    yours = known.of(lab.name).figures
    if yours is None:
        raise UsageError(f"{lab.slug} was not passed yet", f"buildlab labs check {lab.slug}")
    if lab.name not in known.solutions:
        telling("measuring the solution beside yours")
        progress.measured(lab.name, Figures.of(check_solution(lab, telling=telling)))
    return Debrief(lab, yours, progress.read().solutions[lab.name], following(lab))


def following(lab: Lab) -> Lab | None:
    """The lab after this one; None after the last."""
    every = reading.read(lab.path.parent)
    names = [one.name for one in every]
    after = names.index(lab.name) + 1
    return every[after] if after < len(every) else None


def refuse_replay(lab: Lab) -> None:
    """Raise UsageError in replay, in one sentence."""
    if replay.active():
        raise UsageError(
            f"there is no engine here, so nothing is graded: {lab.title} needs builds",
            f"see its recorded debrief: buildlab labs solution {lab.slug} --give-up; "
            "for real builds: unset BUILDLAB_REPLAY",
        )


@contextmanager
def overlaid(lab: Lab, *answers: Path) -> Iterator[Path]:
    """A folder with the start and, over it, these answers; gone after the block."""
    with tempfile.TemporaryDirectory(prefix="buildlab-lab-") as name:
        folder = Path(name, lab.slug)
        shutil.copytree(lab.start, folder)
        for answer in answers:
            for path, where in files(answer):
                if path != WHY:
                    target = folder / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(where, target)
        yield folder


def why(lab: Lab) -> str:
    """The few words on the solution. Raises RecordError where there are none."""
    try:
        return (lab.solution / WHY).read_text("utf-8").strip()
    except OSError as fault:
        raise RecordError(f"{lab.name} has no solution/{WHY}: {fault.strerror}") from fault


def difference(lab: Lab, folder: Path) -> str:
    """A unified diff from the start to the files of an answer."""
    lines: list[str] = []
    given = dict(files(lab.start))
    for name, path in files(folder):
        if name == WHY:
            continue
        before = _lines(given[name]) if name in given else []
        lines += difflib.unified_diff(before, _lines(path), f"start/{name}", f"{name}", lineterm="")
    return "\n".join(lines)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", errors="replace").splitlines()
