"""How secrets leak from builds, and what secret mounts do."""

from buildlab.experiments.secrets.hunting import (
    LEFT,
    PUSHED,
    cells,
    dockerfile,
    evidence,
    hunted,
    statements,
    table,
)
from buildlab.experiments.secrets.rules import rules_dockerfile, secret_rules

__all__ = [
    "LEFT",
    "PUSHED",
    "cells",
    "dockerfile",
    "evidence",
    "hunted",
    "rules_dockerfile",
    "secret_rules",
    "statements",
    "table",
]
