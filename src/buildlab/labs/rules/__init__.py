"""The rules that grade: few, general, each written once. A lab names one and gives it its terms.

A rule is a function of a trial and of what the lab gives. It finds a step by what the step does,
never by its name, place or text, and says what it has seen, with the figures that a hint may
ask for. Each module beside this one declares some.
"""

import pkgutil
from importlib import import_module

from buildlab.labs.rules.declared import RULES, BadGiven, Rule, Seen, rule

__all__ = ["RULES", "BadGiven", "Rule", "Seen", "rule"]

for _module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
