"""What two builds were given, and what went wrong beside their steps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from buildlab.record import flags
from buildlab.record.compare.changes import Difference
from buildlab.record.model import BuildRecord
from buildlab.record.steps import BuildWarning, Files

_OF_THE_RESULT = ("--metadata-file", "--iidfile", "--tag", "--label", "--output", "--load")
_LEFT_OUT = (*_OF_THE_RESULT, "--progress", "--quiet", "--file")
_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"


def asked(a: BuildRecord, b: BuildRecord) -> tuple[Difference, ...]:
    """What two builds were asked for: context, commit, flags. Names of results don't count."""
    found = [
        Difference("origin", name, before, after)
        for name, before, after in (
            ("context", a.context, b.context),
            ("Dockerfile", a.dockerfile, b.dockerfile),
            ("commit", a.commit[:12], b.commit[:12]),
        )
        if before != after
    ]
    before, after = _flags(a.command), _flags(b.command)
    for name in dict.fromkeys((*before, *after)):
        ours, theirs = before.get(name, ""), after.get(name, "")
        if ours != theirs:
            found.append(Difference("flag", name, ours, theirs))
    return tuple(found)


def of_files(a: BuildRecord, b: BuildRecord) -> tuple[Difference, ...]:
    """The files that the builds could read and that differ; what git keeps counts as one."""
    if a.files is None or b.files is None or a.files.key != b.files.key:
        return ()
    before, after = _entries(a.files), _entries(b.files)
    unread = a.files.unread or b.files.unread
    return tuple(
        Difference("file", name, before.get(name, ""), after.get(name, ""))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name) and not (unread and sent(name))
    )


def files_unknown(a: BuildRecord, b: BuildRecord) -> str:
    """Why nothing can be said of the files that were sent; "" where it can, or need not be."""
    if a.files is None or b.files is None or (a.commit and b.commit):
        return ""
    if a.files.unread or b.files.unread:
        return a.files.unread or b.files.unread
    return "" if a.files.key == b.files.key else "they were built with two homes of the kit"


def sent(name: str) -> bool:
    """Whether this is a file that was sent: no secret's, no key's, no masked argument."""
    return not name.startswith(("secret ", "ssh ", "argument "))


def warned(a: BuildRecord, b: BuildRecord) -> tuple[Difference, ...]:
    """What went wrong beside the steps in one of the two only; findings of checks left out."""
    ours, theirs = ({_fault(w): w for w in r.warnings if not w.url} for r in (a, b))
    found = [(w.rule, w.message, "") for key, w in ours.items() if key not in theirs]
    found += [(w.rule, "", w.message) for key, w in theirs.items() if key not in ours]
    return tuple(Difference("warning", *one) for one in found)


def _fault(warning: BuildWarning) -> tuple[str, str]:
    """What it is about: how an address failed may be told in other words each time."""
    return warning.rule, warning.message.partition(": ")[0]


def _entries(files: Files) -> dict[str, str]:
    """Mode and digest by name."""
    found: dict[str, str] = {}
    git = hashlib.blake2b(digest_size=6)
    for entry in files.entries:
        mode, digest, name = entry.split(" ", 2)
        found[name] = f"{mode} {digest}"
        if name.startswith(".git/"):
            git.update(found.pop(name).encode() + name.encode())
            found[".git"] = f"{found.get('.git', '755').split()[0]} {git.hexdigest()}"
    return found


def _flags(command: Sequence[str]) -> dict[str, str]:
    """Flags by name, the context left out. An argument counts by its own name."""
    found: dict[str, list[str]] = {}
    words = command[command.index("build") + 1 :] if "build" in command else ()
    for flag in flags.read(words).flags:
        name, value = flag.name, flag.value or ""
        if name in _LEFT_OUT:
            continue
        if not flags.TABLE.get(name) and not flag.on:  # --pull=false is none
            found.pop(name, None)
            continue
        if name == "--build-arg":
            argument, _, value = value.partition("=")
            name = f"{name} {argument}" if argument != _NAMESPACE else "cache mounts' namespace"
        found.setdefault(name, []).append(value or "given")
    return {name: ", ".join(values) for name, values in found.items()}
