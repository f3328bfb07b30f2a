"""What a rule is: a function whose parameters a lab.toml gives, and what it returns."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from buildlab import loading
from buildlab.errors import UsageError
from buildlab.labs.model import Fact
from buildlab.labs.trial import Trial

EDITS: Final = ("edit", "edits", "fault", "other")
"""Parameters that name edits of the lab."""


class BadGiven(UsageError):
    """What a lab gives to a rule is not what the rule takes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw, in a sentence, and as figures; and whether it is what was hoped for."""

    passed: bool
    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A declared rule."""

    name: str
    function: Callable[..., Seen]

    @property
    def takes(self) -> dict[str, inspect.Parameter]:
        """Its parameters but for the trial."""
        _, *rest = inspect.signature(self.function).parameters.values()
        return {p.name: p for p in rest}

    @property
    def says(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a lab gives, as the rule takes it. Raises BadGiven."""
        takes, kinds = self.takes, typing.get_type_hints(self.function)
        for name in given:
            if name not in takes:
                near = difflib.get_close_matches(name, takes, n=1) or list(takes)
                raise BadGiven(
                    f"{self.name} takes no {name!r}", f"write {' or '.join(near) or 'nothing'}"
                )
        found: dict[str, Any] = {}
        for name, parameter in takes.items():
            if name in given:
                try:
                    found[name] = loading.from_data(kinds[name], given[name])
                except loading.Damaged as fault:
                    raise BadGiven(f"{name}: {fault}", f"see {self.name}: {self.says}") from fault
            elif parameter.default is inspect.Parameter.empty:
                raise BadGiven(f"{self.name} needs {name}", f"add {name} to given = {{…}}")
        return found

    def edits_in(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """The edits that are named there."""
        named: list[str] = []
        for name in EDITS:
            value = given.get(name, ())
            named += [value] if isinstance(value, str) else list(value)
        return tuple(n for n in named if n)

    def look(self, trial: Trial, given: Mapping[str, Any]) -> Seen:
        """Look at this trial."""
        return self.function(trial, **given)


RULES: Final[dict[str, Rule]] = {}
"""All rules by name."""


def rule(function: Callable[..., Seen]) -> Callable[..., Seen]:
    """Declare a rule; its name is the function's, its parameters are keywords."""
    if function.__name__ in RULES:
        raise ValueError(f"two rules are called {function.__name__}")
    RULES[function.__name__] = Rule(function.__name__, function)
    return function
