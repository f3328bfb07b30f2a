"""Records as JSON: a dict and back without loss, and files that are whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from buildlab import loading
from buildlab.errors import RecordError, quoted
from buildlab.host import outfile
from buildlab.record.model import SCHEMA_VERSION, BuildRecord

_UPDATE = "update buildlab: ./lab setup in an up-to-date clone, or pip install -U buildlab"
_REBUILD = "build again and save the new record"


@dataclass(frozen=True, slots=True)
class _Versioned:
    """What is asked of a file before all else."""

    schema_version: int


def to_dict(record: BuildRecord) -> dict[str, Any]:
    """Plain data for JSON. `from_dict` gives back an equal record."""
    plain = _plain(record)
    assert isinstance(plain, dict)
    return plain


def from_dict(data: Mapping[str, Any]) -> BuildRecord:
    """The record in plain data. Unknown fields are passed over.

    Raises RecordError where the schema is newer than this version knows, where a field is
    missing, and where one is of another type.
    """
    return _loaded(loading.from_data, data)


def _loaded(load: Callable[[type[Any], Any], Any], data: object) -> BuildRecord:
    with loading.needed("this is no build record", _REBUILD, RecordError):
        version = load(_Versioned, data).schema_version
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"the record has schema {version}, this buildlab reads up to {SCHEMA_VERSION}", _UPDATE
        )
    with loading.needed("the record is damaged", _REBUILD, RecordError):
        record: BuildRecord = load(BuildRecord, data)
    return record


def save(record: BuildRecord, path: str | Path) -> Path:
    """Write the record to a file that only its owner may read, its folders made.

    One that is there keeps its mode. A reader sees the old file or the new one. Raises OSError
    where the file can't be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(to_dict(record), indent=1, allow_nan=False)  # ASCII: odd file names, too
    outfile.write(path, text + "\n", mode=0o600)
    return path


def load(path: str | Path) -> BuildRecord:
    """Read a record from a file. Raises RecordError where there is none that can be read."""
    path = Path(path)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise RecordError(f"there is no record {path}", f"look: ls {quoted(path.parent)}") from None
    except OSError as fault:
        raise RecordError(f"{path} can't be read: {fault}", _REBUILD) from fault
    try:
        return _loaded(loading.from_json, text)
    except RecordError as fault:
        if not isinstance(fault.__cause__, loading.Unreadable):
            raise RecordError(f"{path}: {fault.message}", fault.hint) from fault
        cut = not text.rstrip().endswith((b"}", b"]"))
        what = "ends too early: it was cut off" if cut else f"is no JSON: {fault.__cause__}"
        raise RecordError(f"the record {path} {what}", _REBUILD) from fault


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
