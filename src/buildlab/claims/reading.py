"""Claims as files: `claims/<folder>/source.toml` and one TOML file per claim beside it.

A file with a [source] table of its own needs nothing else. Whatever is wrong with a file is an
error that names the file, the line, and what to write.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from buildlab import loading
from buildlab.bench.conditions import Condition, parse
from buildlab.claims import shapes
from buildlab.claims.catalogue import find
from buildlab.claims.model import Claim, Proviso, Source, Verdict
from buildlab.claims.shapes import ClaimFile, SourceFile
from buildlab.errors import UsageError

SOURCE = "source.toml"
T = TypeVar("T", ClaimFile, SourceFile)

_TEXTS = ("where", "says", "correct", "experiment", "untestable")


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


def read_file(path: Path, root: Path | None = None, *, own: Sequence[str] = ()) -> Claim:
    """The claim in one file; `own` are experiments that the caller has besides the kit's.

    Raises UsageError that says where the file is wrong, and how.
    """
    return _File(path, own).claim(root)


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

    def __init__(self, path: Path, own: Sequence[str] = ()) -> None:
        self.path = path
        self.own = own
        self.text = ""
        try:
            self.text = path.read_text("utf-8")
            self.data = loading.from_toml(self.text)
        except loading.Unreadable as fault:
            raise self._wrong("", str(fault), "repair the TOML there") from fault
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"{self._place('')} can't be read: {fault}") from fault

    def claim(self, root: Path | None) -> Claim:
        told = self._read(ClaimFile)
        claim = Claim(
            id=self._id(root),
            path=self.path,
            source=self._source(told),
            expected=Verdict(told.expected),
            holds=self._conditions(told.holds, "holds"),
            holds_if=tuple(
                Proviso(proviso.condition, self._conditions(proviso.when, f"holds_if[{i}].when"))
                for i, proviso in enumerate(told.holds_if)
            ),
            arguments=told.arguments,
            **{name: " ".join(getattr(told, name).split()) for name in _TEXTS},
        )
        self._has_a_judge(claim)
        return claim

    def _read(self, kind: type[T]) -> T:
        try:
            return loading.from_data(kind, self.data)
        except loading.Damaged as fault:
            raise self._wrong(fault.where, *shapes.told(kind, fault)) from fault

    def _id(self, root: Path | None) -> str:
        inside = root and self.path.is_relative_to(root)
        place = self.path.relative_to(root) if inside and root else Path(self.path.name)
        return place.with_suffix("").as_posix()

    def _has_a_judge(self, claim: Claim) -> None:
        if bool(claim.experiment) == bool(claim.untestable):
            raise self._wrong(
                "experiment",
                "needs either an experiment or why it is untestable",
                'write experiment = "layer_cache.order" and holds = […], or untestable = "…"',
            )
        if not claim.experiment:
            return
        if not claim.holds and not claim.holds_if:
            raise self._wrong("experiment", "nothing says when it holds", "add holds = […]")
        if claim.experiment in self.own:
            return
        try:
            find(claim.experiment)
        except UsageError as fault:
            raise self._wrong("experiment", fault.message, fault.hint) from fault

    def _conditions(self, texts: Sequence[str], where: str) -> tuple[Condition, ...]:
        made = []
        for text in texts:
            try:
                made.append(parse(text))
            except UsageError as fault:
                raise UsageError(
                    f"{self._place(where, text)}: {where}: {fault.message}", fault.hint
                ) from fault
        return tuple(made)

    def _source(self, told: ClaimFile) -> Source:
        found = told.source
        if found is None:
            beside = self.path.with_name(SOURCE)
            if not beside.is_file():
                raise self._wrong(
                    "", f"has no [source], and there is no {SOURCE} beside it", "add a [source]"
                )
            found = _File(beside)._read(SourceFile)
        return Source(found.title, found.url, found.kind, found.author, str(found.date))

    def _wrong(self, where: str, message: str, hint: str) -> UsageError:
        return UsageError(f"{self._place(where)}: {message}", hint)

    def _place(self, where: str, near: str = "") -> str:
        """The file, with the line of the field `where`, or a later one that holds `near`."""
        shown = "/".join(self.path.parts[-3:])
        line = loading.line(self.text.splitlines(), where, near)
        return f"{shown}, line {line}" if line else shown
