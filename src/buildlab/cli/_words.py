"""What was typed, read before the commands see it: options of `buildlab` itself stand anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildlab.record.flags import TABLE, Flag, Line, items, read

BUILD = "build"
_OF_ALL: Mapping[str, bool] = {"--builder": True, "--engine": True, "--debug": False}
"""Options of `buildlab`, which people type after the command; True where a value follows."""
OF_BUILD: Mapping[str, bool] = {
    "--title": True,
    "--timeout": True,
    "--cache-ns": True,
    "--save": True,
    "--json": False,
    "--help": False,
}
"""Our options of the command `build`; all others are docker's."""


@dataclass(frozen=True, slots=True)
class Words:
    """The arguments, options of `buildlab` first; which of the two were asked for."""

    arguments: tuple[str, ...]
    as_json: bool = False
    debug: bool = False


def typed(argv: Sequence[str], root: Any) -> Words:
    """Read the words; `root` is the click command. Raises UsageError where a value is missing."""
    front: list[str] = []
    others: list[str] = []
    as_json = debug = False
    for item in _items(argv, root):
        if isinstance(item, str):
            others.append(item)
            continue
        as_json |= item.name == "--json"
        debug |= item.name == "--debug"
        if item.name in _OF_ALL:
            front += [item.name] if item.value is None else [f"{item.name}={item.value}"]
        # Docker's build has a --debug of its own.
        if item.name not in _OF_ALL or (item.name == "--debug" and others[:1] == [BUILD]):
            others += item.words
    return Words((*front, *others), as_json, debug)


def for_build(words: Sequence[str], known: Mapping[str, bool] = TABLE) -> Line:
    """The words after `build`: docker's flags and ours, told apart from values."""
    return read(words, {**known, **OF_BUILD})


def _items(argv: Sequence[str], root: Any) -> Iterator[Flag | str]:
    """Flags and words by the rules of the command that is named."""
    words = list(argv)
    while words and words[0].split("=")[0] in _OF_ALL:
        count = 2 if _OF_ALL[words[0].split("=")[0]] and "=" not in words[0] else 1
        yield from items(words[:count], _OF_ALL)
        del words[:count]
    if words[:1] == [BUILD]:
        yield words.pop(0)
        yield from items(words, {**TABLE, **OF_BUILD, **_OF_ALL})
        return
    command = root
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        yield words.pop(0)
    yield from _of_click(words, command)


def _of_click(words: list[str], command: Any) -> Iterator[Flag | str]:
    """As click reads them: only long options, and short ones word by word."""
    valued = {
        name
        for parameter in command.params
        if not getattr(parameter, "is_flag", True)
        for name in parameter.opts
    }
    while words:
        word = words.pop(0)
        name = word.split("=")[0]
        if word == "--":
            yield word
            yield from words
            return
        if name in _OF_ALL:
            count = 1 if _OF_ALL[name] and "=" not in word else 0
            yield from items([word, *words[:count]], _OF_ALL)
            del words[:count]
        elif word == "--json":
            yield Flag(word, None, (word,))
        else:
            yield word
            if word in valued and words:
                yield words.pop(0)
