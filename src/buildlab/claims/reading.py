"""Claims as files: `claims/<folder>/source.toml` and one TOML file per claim beside it.

A file with a [source] table of its own needs nothing else. Whatever is wrong with a file is an
error that names the file, the line, and what to write.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildlab.bench.conditions import Condition, parse
from buildlab.claims.catalogue import find
from buildlab.claims.model import Claim, Proviso, Source, Verdict
from buildlab.errors import UsageError

SOURCE = "source.toml"
KINDS = ("article", "documentation", "guide", "rule")
_SOURCE_KEYS = {"title": True, "url": True, "kind": True, "author": False, "date": False}
_CLAIM_KEYS = {
    **dict.fromkeys(("where", "says", "correct", "expected"), True),
    **dict.fromkeys(("source", "experiment", "arguments", "holds", "holds_if"), False),
    "untestable": False,
}


def folder() -> Path:
    """The folder claims/ of the checkout. Raises UsageError outside of one."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "claims").is_dir() and (parent / "sample_go_app").is_dir():
            return parent / "claims"
    raise UsageError(
        "claims/ is not beside the installed package",
        "install from a checkout of the kit: ./lab start",
    )


def read(root: Path | None = None) -> tuple[Claim, ...]:
    """All claims below a folder, in the order of their files. Raises UsageError."""
    root = root or folder()
    files = sorted(p for p in root.glob("*/*.toml") if p.name != SOURCE)
    return tuple(read_file(path, root) for path in files)


def read_file(path: Path, root: Path | None = None) -> Claim:
    """The claim in one file. Raises UsageError that says where the file is wrong, and how."""
    return _File(path).claim(root)


def select(claims: Sequence[Claim], wanted: Sequence[str]) -> tuple[Claim, ...]:
    """The claims that are named: by id, by the start of one, by folder, or as a file.

    All of them where none is named. Raises UsageError for a name that fits none.
    """
    found: dict[str, Claim] = {}
    for name in wanted:
        path = Path(name)
        if path.suffix == ".toml" and path.is_file():
            fits: Sequence[Claim] = (read_file(path.resolve()),)
        else:
            fits = [c for c in claims if c.id == name] or [
                c for c in claims if c.id.startswith(name) or c.id.partition("/")[2] == name
            ]
        if not fits:
            near = difflib.get_close_matches(name, [c.id for c in claims], n=3, cutoff=0.3)
            raise UsageError(
                f"no claim is called {name!r}",
                f"choose one of: {', '.join(near)}" if near else "see all: buildlab claims list",
            )
        found |= {c.id: c for c in fits}
    return tuple(found.values()) if wanted else tuple(claims)


class _File:
    """One file, and how to say where in it something is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text("utf-8")
            self.data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as fault:
            raise UsageError(f"{self._place()}: {fault}", "repair the TOML there") from fault
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"{self._place()} can't be read: {fault}") from fault

    def claim(self, root: Path | None) -> Claim:
        self._known(self.data, _CLAIM_KEYS, "")
        expected = self._choice("expected", [v.value for v in list(Verdict)[:4]])
        holds = self._conditions(self.data.get("holds", []), "holds")
        provisos = tuple(self._provisos())
        self._has_a_judge(bool(holds or provisos))
        inside = root and self.path.is_relative_to(root)
        place = self.path.relative_to(root) if inside and root else Path(self.path.name)
        return Claim(
            id=place.with_suffix("").as_posix(),
            path=self.path,
            source=self._source(),
            expected=Verdict(expected),
            holds=holds,
            holds_if=provisos,
            arguments=self.data.get("arguments"),
            **{k: self._string(k) for k in ("where", "says", "correct")},
            **{k: self._string(k, "") for k in ("experiment", "untestable")},
        )

    def _has_a_judge(self, judged: bool) -> None:
        name, why = self.data.get("experiment"), self.data.get("untestable")
        if bool(name) == bool(why):
            raise self._wrong(
                "experiment" if name else "",
                "needs either an experiment or why it is untestable",
                'write experiment = "layer_cache.order" and holds = […], or untestable = "…"',
            )
        if not name:
            return
        if not judged:
            raise self._wrong("experiment", "nothing says when it holds", "add holds = […]")
        try:
            find(str(name))
        except UsageError as fault:
            raise self._wrong(str(name), fault.message, fault.hint) from fault

    def _provisos(self) -> Iterator[Proviso]:
        for number, table in enumerate(self.data.get("holds_if", []), start=1):
            field = f"holds_if {number}"
            if not isinstance(table, Mapping):
                raise self._wrong("holds_if", "is no table", "write [[holds_if]] above it")
            self._known(table, {"when": True, "condition": True}, field)
            yield Proviso(
                str(table["condition"]), self._conditions(table["when"], f"{field}: when")
            )

    def _conditions(self, texts: object, field: str) -> tuple[Condition, ...]:
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            near = field.split(maxsplit=1)[0]
            raise self._wrong(near, f"{field} is no list of texts", 'write ["a fact == true"]')
        made = []
        for text in texts:
            try:
                made.append(parse(text))
            except UsageError as fault:
                raise self._wrong(text, f"{field}: {fault.message}", fault.hint) from fault
        return tuple(made)

    def _source(self) -> Source:
        table, origin = self.data.get("source"), self
        if table is None:
            beside = self.path.with_name(SOURCE)
            if not beside.is_file():
                raise self._wrong(
                    "", f"has no [source], and there is no {SOURCE} beside it", "add a [source]"
                )
            origin = _File(beside)
            table = origin.data
        origin._known(table, _SOURCE_KEYS, "source")
        if table["kind"] not in KINDS:
            raise origin._wrong("kind", f"kind is {table['kind']!r}", f"choose: {', '.join(KINDS)}")
        return Source(**{key: str(table[key]) for key in table})

    def _known(self, table: Mapping[str, Any], keys: Mapping[str, bool], field: str) -> None:
        prefix = f"{field}: " if field else ""
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1) or sorted(keys)
                raise self._wrong(
                    key, f"{prefix}no field is called {key!r}", f"write {' or '.join(near)}"
                )
        for key in (k for k, needed in keys.items() if needed and k not in table):
            raise self._wrong("", f"{prefix}{key} is missing", f'add {key} = "…"')

    def _choice(self, field: str, choices: Sequence[str]) -> str:
        value = self._string(field)
        if value not in choices:
            raise self._wrong(field, f"{field} is {value!r}", f"choose: {', '.join(choices)}")
        return value

    def _string(self, field: str, default: str | None = None) -> str:
        value = self.data.get(field, default)
        if not isinstance(value, str):
            raise self._wrong(field, f"{field} is no text", f'write {field} = "…"')
        return " ".join(value.split())

    def _wrong(self, near: str, message: str, hint: str = "") -> UsageError:
        return UsageError(f"{self._place(near)}: {message}", hint)

    def _place(self, near: str = "") -> str:
        """The file, with the first line that holds `near`."""
        shown = "/".join(self.path.parts[-3:])
        for number, line in enumerate(getattr(self, "text", "").splitlines(), start=1):
            if near and near in line:
                return f"{shown}, line {number}"
        return shown
