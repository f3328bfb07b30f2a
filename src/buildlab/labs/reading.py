"""Labs as folders: `labs/NN_name/lab.toml`. What is wrong with one names file, line and remedy."""

from __future__ import annotations

import difflib
import secrets
from pathlib import Path
from typing import TypeVar

from buildlab import loading
from buildlab.bench.conditions import Condition, parse
from buildlab.bench.edits import Edit
from buildlab.builds.workspace import Workspace
from buildlab.errors import UsageError
from buildlab.labs import shapes
from buildlab.labs.model import BUILDS, Asked, Hint, Lab, Setting, Wrong
from buildlab.labs.rules import RULES, BadGiven
from buildlab.labs.shapes import EditFile, HintFile, LabFile

FILE = "lab.toml"
T = TypeVar("T")


def folder() -> Path:
    """The folder labs/ of the checkout. Raises UsageError outside of one."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "labs").is_dir() and (parent / "sample_go_app").is_dir():
            return parent / "labs"
    raise UsageError(
        "labs/ is not beside the installed package",
        "install from a checkout of the kit: ./lab start",
    )


def read(root: Path | None = None) -> tuple[Lab, ...]:
    """All labs, in their order. Raises UsageError."""
    return tuple(read_lab(p.parent) for p in sorted((root or folder()).glob(f"*/{FILE}")))


def find(name: str, root: Path | None = None) -> Lab:
    """A lab by its folder, its name or its number: "01_late_arguments", "late arguments", "1".

    Raises UsageError for none.
    """
    root = root or folder()
    names = sorted(p.parent.name for p in root.glob(f"*/{FILE}"))
    wanted = name.strip().lower().replace(" ", "_").replace("-", "_").strip("/")
    for known in names:
        number, _, slug = known.partition("_")
        if wanted in (known, slug) or (wanted.isdigit() and int(wanted) == int(number)):
            return read_lab(root / known)
    begins = [n for n in names if wanted and n.partition("_")[2].startswith(wanted)]
    if len(begins) == 1:
        return read_lab(root / begins[0])
    near = difflib.get_close_matches(wanted, [n.partition("_")[2] for n in names], n=2, cutoff=0.3)
    raise UsageError(
        f"no lab is called {name!r}",
        f"choose one of: {', '.join(near)}" if near else "see all: buildlab labs list",
    )


def read_lab(path: Path) -> Lab:
    """The lab in a folder. Raises UsageError that says where its lab.toml is wrong, and how."""
    return _File(path / FILE).lab()


class _File:
    """One lab.toml, and how to say where in it something is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = ""
        try:
            self.text = path.read_text("utf-8")
            self.data = loading.from_toml(self.text)
        except loading.Unreadable as fault:
            raise self._wrong("", str(fault), "repair the TOML there") from fault
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"{self._place('')} can't be read: {fault}") from fault

    def lab(self) -> Lab:
        for table, kind in shapes.TABLES.items():  # one by one: then a fault has the entry's name
            entries = self.data.get(table)
            for name, entry in entries.items() if isinstance(entries, dict) else ():
                self._read(kind, entry, f"{table}.{name}")
        told = self._read(LabFile, self.data)
        lab = Lab(
            name=self.path.parent.name,
            path=self.path.parent,
            title=told.title,
            minutes=told.minutes,
            lesson=told.lesson,
            files=told.files,
            asks=_words(told.asks),
            setting=Setting(
                told.setting.target,
                told.setting.arguments,
                told.setting.secrets,
                told.setting.flags,
                told.setting.salted,
                told.setting.limit_s,
                told.setting.files,
                told.setting.gives,
            ),
            edits={name: edit(name, e) for name, e in told.edits.items()},
            rules=tuple(self._rule(id, told) for id in told.rules),
            fails=told.fails,
            wrong={n: Wrong(_words(w.says), w.fails, w.hint) for n, w in told.wrong.items()},
            unbuilt=self._hint(BUILDS, 0, HintFile(told.unbuilt)) if told.unbuilt else None,
            learnt=_words(told.learnt),
            at_work=_words(told.at_work),
        )
        self._names_are_known(lab)
        return lab

    def _read(self, kind: type[T], data: object, inside: str = "") -> T:
        try:
            return loading.from_data(kind, data)
        except loading.Damaged as fault:
            where = ".".join(filter(None, (inside, fault.where)))
            raise self._wrong(where, *shapes.told(loading.Damaged(fault.wrong, where))) from fault

    def _rule(self, id: str, told: LabFile) -> Asked:
        asked = told.rules[id]
        if asked.rule not in RULES:
            near = difflib.get_close_matches(asked.rule, RULES, n=2, cutoff=0.3) or sorted(RULES)
            raise self._wrong(
                f"rules.{id}.rule",
                f"no rule is called {asked.rule!r}",
                f"write {' or '.join(near)}",
            )
        try:
            given = RULES[asked.rule].read(asked.given)
        except BadGiven as fault:
            raise self._wrong(f"rules.{id}.given", fault.message, fault.hint) from fault
        for name in RULES[asked.rule].edits_in(given):
            if name not in told.edits:
                raise self._wrong(
                    f"rules.{id}.given",
                    f"no edit is called {name!r}",
                    f"add [edits.{name}], or name one of: {', '.join(told.edits)}",
                )
        if not asked.hints:
            raise self._wrong(f"rules.{id}", "has no hint", "add [[rules.a-rule.hints]]")
        hints = tuple(self._hint(id, i, h) for i, h in enumerate(asked.hints))
        return Asked(id, asked.rule, _words(asked.says), given, hints, asked.file)

    def _hint(self, id: str, index: int, told: HintFile) -> Hint:
        when: list[Condition] = []
        for text in told.when:
            try:
                when.append(parse(text))
            except UsageError as fault:
                where = f"rules.{id}.hints[{index}].when"
                raise self._wrong(where, fault.message, fault.hint) from fault
        first, second, third = map(_words, told.rungs)
        return Hint(tuple(when), (first, second, third))

    def _names_are_known(self, lab: Lab) -> None:
        rules = {BUILDS, *(r.id for r in lab.rules)}
        listed = [("fails", name) for name in lab.fails]
        listed += [(f"wrong.{n}.fails", name) for n, w in lab.wrong.items() for name in w.fails]
        for where, name in listed:
            if name not in rules:
                raise self._wrong(
                    where, f"no rule is called {name!r}", f"one of: {', '.join(sorted(rules))}"
                )

    def _wrong(self, where: str, message: str, hint: str) -> UsageError:
        return UsageError(f"{self._place(where)}: {message}", hint)

    def _place(self, where: str) -> str:
        shown = "/".join(self.path.parts[-3:])
        line = loading.line(self.text.splitlines(), where)
        return f"{shown}, line {line}" if line else shown


def edit(name: str, told: EditFile) -> Edit:
    """An edit as a lab.toml has it; each time it is made its SALT and NUMBER are others."""

    def change(tree: Workspace) -> tuple[str, ...]:
        word, number = secrets.token_hex(4), str(secrets.randbelow(10**6) + 10)

        def fill(text: str) -> str:
            return text.replace("SALT", word).replace("NUMBER", number)

        for path, text in told.append.items():
            tree.write(path, tree.read(path) + fill(text))
        for path, text in told.write.items():
            tree.write(fill(path), fill(text))
        for path, (old, new) in told.swap.items():
            tree.replace(path, old, fill(new))
        for path in told.delete:
            tree.delete(path)
        for path in told.touch:
            tree.touch(path)
        given = tuple(f"--build-arg={k}={fill(v)}" for k, v in told.arguments.items())
        return (*given, *map(fill, told.flags))

    return Edit(name, change)


def _words(text: str) -> str:
    """A text of several lines as one paragraph."""
    return " ".join(text.split())
