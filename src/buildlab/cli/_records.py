"""Records on the command line: where they are kept, which one is meant, how one is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buildlab.cli._out import print_json
from buildlab.errors import RecordError, quoted

if TYPE_CHECKING:
    from buildlab.record.model import BuildRecord

KEPT = 200
"""So many records of `buildlab build` are kept; the oldest go first."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def _records() -> Path:
    from buildlab.host.settings import Settings

    return Settings.from_env().paths.records


def keep(record: BuildRecord) -> Path:
    """Save a record at home, where `show` looks; its path. Raises OSError, EngineError."""
    from buildlab.host.settings import Settings
    from buildlab.record import store

    folder = Settings.from_env().paths.make(_records())
    path = folder / f"{record.id}.json"
    store.save(record, path)
    ours = Settings.from_env().paths.ours.parted(folder).ours
    for old in [p for p in ours if p.suffix == ".json"][:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def find(reference: str) -> BuildRecord:
    """The record that `reference` names. Raises RecordError where there is none."""
    from buildlab.record import store

    if Path(reference).is_file():
        return store.load(Path(reference))
    saved = sorted(_records().glob("*.json"))
    name, tilde, back = reference.partition("~")
    if name == "last" and (not tilde or back.isdigit()):
        place = int(back or 0)
        if place < len(saved):
            return store.load(saved[-1 - place])
        raise RecordError(f"there is no record {reference!r} yet", "buildlab build CONTEXT")
    found = [path for path in saved if path.stem.startswith(reference)]
    if len(found) == 1:
        return store.load(found[0])
    what = "several records begin with" if found else "there is no record"
    raise RecordError(f"{what} {reference!r}", f"look: ls {quoted(_records())}")


def show_record(
    record: BuildRecord, as_json: bool, *, failure: bool = True, stderr: bool = False
) -> None:
    """Print a record, as a table or as JSON."""
    from buildlab.record import store

    if as_json:
        print_json(store.to_dict(record))
        return
    from buildlab.cli._progress import print_record

    print_record(record, failure=failure, stderr=stderr)
