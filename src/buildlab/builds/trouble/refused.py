"""What a build was refused for that its command can mend: which words to type."""

from __future__ import annotations

import re
import shlex

from buildlab.builds.asked.source import Source
from buildlab.dockerfile.reading import parse

_ENTITLEMENT = re.compile(r"\b(?P<name>network\.host|security\.insecure) is not allowed")
_TARGET = re.compile(r'target stage "(?P<name>[^"]*)" could not be found')


def explained(words: str, source: Source) -> str:
    """The error in place of BuildKit's `words`; "" where it is another."""
    if found := _ENTITLEMENT.search(words):
        typed = shlex.join(["--allow", found["name"], *source.flags, source.shown])
        return (
            f"the Dockerfile asks for {found['name']}, which the command does not allow\n"
            f"  → buildlab build {typed}"
        )
    stages = parse(source.text()).stages
    if (found := _TARGET.search(words)) and stages:
        named = ", ".join(s.name or str(s.index) for s in stages)
        return (
            f"no stage is called {found['name']}\n  → name another: --target, then one of {named}"
        )
    return ""
