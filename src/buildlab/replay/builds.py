"""Builds: recorded as raw events beside the record, played again at a bounded pace."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildlab.masking import Masker
from buildlab.record.model import BuildRecord
from buildlab.record.store import from_dict, to_dict
from buildlab.record.stream import Fold, Progress
from buildlab.replay import files
from buildlab.replay.files import Line
from buildlab.replay.hidden import masked
from buildlab.replay.state import inside_experiment


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded build; its record is marked with where and when it was made."""

    record: BuildRecord
    lines: tuple[Line, ...]

    def play(self, progressed: Callable[[Progress], None], pace_s: float) -> None:
        """Feed the events as they came, faster where they took longer than `pace_s` seconds."""
        _play(self.lines, progressed, pace_s)


def replayed(title: str, flags: Sequence[str]) -> Recording:
    """The recorded build of this title and these flags.

    Raises RecordError, naming what to run, where none was recorded.
    """
    what = f"{title}\0{files.normal(flags)}"
    path = files.find("build", what, files.count(what))
    if path is None:
        raise files.missing(f"the build {title!r} with the flags {files.normal(flags)!r}")
    saved = files.load(path)
    return Recording(from_dict(saved.value), saved.lines)


def keep_build(
    record: BuildRecord,
    flags: Sequence[str],
    lines: Sequence[Line],
    folder: Path,
    mask: Sequence[str] = (),
) -> Path | None:
    """Write a recording of this build below `folder`; None inside an experiment's recording.

    The values in `mask` are kept out of it, as they are kept out of the record.
    """
    if inside_experiment():
        return None
    what = f"{record.title}\0{files.normal(flags)}"
    name = files.name("build", record.title, what, files.count(what))
    engine = record.engine
    masker = Masker(mask)
    texts = masked([line.text for line in lines], masker)
    timed = [[round(line.at_s, 3), text] for line, text in zip(lines, texts, strict=True)]
    return files.dump(
        files.folder_of(folder) / name, engine, {"lines": timed, "value": to_dict(record)}
    )


def _play(lines: Sequence[Line], progressed: Callable[[Progress], None], pace_s: float) -> None:
    fold = Fold()
    whole_s = lines[-1].at_s if lines else 0.0
    speed = max(1.0, whole_s / pace_s) if pace_s > 0 else float("inf")
    begin = shown = time.monotonic()
    for line in lines:
        fold.feed(line.text)
        wait_s = begin + line.at_s / speed - time.monotonic()
        if wait_s > 0:
            progressed(fold.progress())
            shown = time.monotonic()
            time.sleep(wait_s)
        elif time.monotonic() - shown > 0.1:
            progressed(fold.progress())
            shown = time.monotonic()
    progressed(fold.progress())
