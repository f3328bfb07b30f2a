"""What a lab.toml may hold, and how it is said what is wrong with one."""

from __future__ import annotations

import difflib
from typing import Any, Literal

from msgspec import Struct, field

from buildlab import loading


class EditFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One [edits.NAME]: changes of files by path, and arguments of the next build. In all texts
    SALT is a random word and NUMBER a random number: nothing built before holds them."""

    append: dict[str, str] = {}
    write: dict[str, str] = {}
    swap: dict[str, tuple[str, str]] = {}
    delete: tuple[str, ...] = ()
    touch: tuple[str, ...] = ()
    arguments: dict[str, str] = {}
    flags: tuple[str, ...] = ()


class HintFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[rules.NAME.hints]]."""

    rungs: tuple[str, str, str]
    when: tuple[str, ...] = ()


class RuleFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One [rules.NAME]: `rule` is a general rule, `given` what it takes, `file` the Dockerfile
    that it is about where the lab has several."""

    rule: str
    says: str
    hints: tuple[HintFile, ...]
    given: dict[str, Any] = {}
    file: str = ""


class WrongFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One [wrong.NAME], which is about the folder wrong/NAME/."""

    says: str
    fails: tuple[str, ...]
    hint: str


class SettingFile(Struct, frozen=True, forbid_unknown_fields=True):
    """[setting]: how the answer is built."""

    target: str = ""
    arguments: dict[str, str] = {}
    secrets: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    salted: bool = True
    limit_s: float = 120.0
    files: dict[str, str] = {}
    gives: tuple[Literal["private modules", "company base"], ...] = ()


class LabFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A lab.toml. `unbuilt` are the rungs for an answer that doesn't build, where the start is
    one."""

    title: str
    minutes: int
    files: tuple[str, ...]
    asks: str
    fails: tuple[str, ...]
    rules: dict[str, RuleFile]
    wrong: dict[str, WrongFile]
    learnt: str
    at_work: str
    lesson: str = ""
    unbuilt: tuple[str, str, str] | None = None
    setting: SettingFile = field(default_factory=SettingFile)
    edits: dict[str, EditFile] = {}


TABLES: dict[str, type[Struct]] = {"edits": EditFile, "rules": RuleFile, "wrong": WrongFile}
"""Tables of which each entry has a name of its own."""
_WRITE = {
    "minutes": "minutes = 10",
    "files": 'files = ["Dockerfile"]',
    "fails": 'fails = ["a-rule"]',
    "rules": "[rules.a-rule], and below it rule, says and hints",
    "wrong": "[wrong.a-name], and below it says, fails and hint",
    "edits": "[edits.a-name], and below it append, write, swap, delete or arguments",
    "hints": "[[rules.a-rule.hints]], and below it rungs",
    "rungs": 'rungs = ["where to look", "which idea", "nearly the answer"]',
    "when": 'when = ["a fact == true"]',
    "given": "given = {…}, with what the rule takes",
    "setting": "[setting]",
}
_KINDS: tuple[type[Struct], ...] = (
    *(LabFile, SettingFile, EditFile, RuleFile, HintFile, WrongFile),
)


def told(fault: loading.Damaged) -> tuple[str, str]:
    """What is wrong with a lab.toml, and what to write."""
    table, _, last = fault.where.rpartition(".")
    name = last.partition("[")[0]
    before = f"{table}: " if table else ""
    write = _WRITE.get(name, f'{name} = "…"')
    if fault.wrong == loading.MISSING:
        return f"{before}{name} is missing", f"add {write}"
    if fault.wrong == loading.UNKNOWN:
        known = sorted({f for kind in _KINDS for f in kind.__struct_fields__})
        near = difflib.get_close_matches(name, known, n=1)
        return (
            f"{before}no field is called {name!r}",
            f"write {near[0]}" if near else "see labs/lab.schema.json",
        )
    return str(fault), f"write {write}"


def schema() -> dict[str, Any]:
    """The JSON schema of a lab.toml, for editors."""
    import msgspec

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lab.toml",
        **msgspec.json.schema(LabFile),
    }
