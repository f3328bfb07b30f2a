"""Records as JSON: a dict and back without loss, and files that are whole or not there."""

from __future__ import annotations

import functools
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.errors import RecordError, quoted
from buildlab.host import outfile
from buildlab.record.model import SCHEMA_VERSION, BuildRecord

_UPDATE = "update buildlab: ./lab setup in an up-to-date clone, or pip install -U buildlab"
_REBUILD = "build again and save the new record"


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
    if not isinstance(data, Mapping):
        raise RecordError("this is no build record", _REBUILD)
    version = data.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise RecordError("this is no build record: it has no schema version", _REBUILD)
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"the record has schema {version}, this buildlab reads up to {SCHEMA_VERSION}", _UPDATE
        )
    try:
        record = _typed(BuildRecord, data, "record")
    except (TypeError, ValueError, KeyError, AttributeError) as fault:
        raise RecordError(f"the record is damaged: {fault}", _REBUILD) from fault
    assert isinstance(record, BuildRecord)
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
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise RecordError(f"there is no record {path}", f"look: ls {quoted(path.parent)}") from None
    except (OSError, UnicodeDecodeError) as fault:
        raise RecordError(f"{path} can't be read: {fault}", _REBUILD) from fault
    try:
        data = jsontext.loads(text)
    except ValueError as fault:
        cut = not text.rstrip().endswith(("}", "]"))
        what = "ends too early: it was cut off" if cut else f"is no JSON: {fault}"
        raise RecordError(f"the record {path} {what}", _REBUILD) from fault
    try:
        return from_dict(data)
    except RecordError as fault:
        raise RecordError(f"{path}: {fault.message}", fault.hint) from fault


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _typed(kind: Any, value: object, where: str) -> object:
    """`value` as the type that the record's annotation asks for."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    made: object
    if origin is types.UnionType:
        inner = next(a for a in arguments if a is not type(None))
        made = None if value is None else _typed(inner, value, where)
    elif origin is tuple:
        made = _tuple(arguments, value, where)
    elif is_dataclass(kind):
        made = _dataclass(kind, value, where)
    elif issubclass(kind, Enum):
        made = kind(value)
    elif issubclass(kind, tuple):  # a named tuple
        made = kind(*_tuple(tuple(_hints(kind).values()), value, where))
    else:
        made = _scalar(kind, value, where)
    return made


def _scalar(kind: type, value: object, where: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{where} is {value!r}, not {kind.__name__}")
    return value


def _tuple(arguments: tuple[Any, ...], value: object, where: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{where} is {value!r}, not a list")
    if arguments[-1] is Ellipsis:
        return tuple(_typed(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if len(value) != len(arguments):
        raise TypeError(f"{where} has {len(value)} items, not {len(arguments)}")
    return tuple(_typed(a, v, where) for a, v in zip(arguments, value, strict=True))


def _dataclass(kind: Any, value: object, where: str) -> object:
    if not isinstance(value, Mapping):
        raise TypeError(f"{where} is {value!r}, not an object")
    given = {}
    for field in fields(kind):
        if field.name in value:
            inside = f"{where}.{field.name}"
            given[field.name] = _typed(_hints(kind)[field.name], value[field.name], inside)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise TypeError(f"{where} has no {field.name}")
    return kind(**given)
