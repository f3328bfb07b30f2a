"""Experiments by name: what a claim may name as its judge."""

from __future__ import annotations

import difflib
from typing import Any

from buildlab import experiments
from buildlab.bench.experiment import REGISTRY, Experiment
from buildlab.bench.runs import Runs
from buildlab.errors import UsageError

FORMER = {
    "cache_mount_places": "cache_mounts",
    "claims_client": "graph",
    "claims_go": "go",
    "claims_images": "small_images",
    "claims_keys": "layer_cache",
    "claims_mounts": "cache_mounts",
    "claims_registry": "sharing",
    "claims_stale": "stale",
    "claims_time": "limit",
    "checks": "reproducible",
    "leaks": "secrets",
    "platforms": "graph",
}
"""What folders were called before: somebody's claims may still say so."""


def find(name: str) -> Experiment[..., Runs]:
    """The experiment of that name, as "layer_cache.order". Raises UsageError for none."""
    subject, _, function = name.partition(".")
    found = _known().get(f"{FORMER.get(subject, subject)}.{function}")
    if found is None:
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4) or names()[:3]
        raise UsageError(f"no experiment is called {name!r}", f"write one of: {', '.join(near)}")
    return found


def names() -> list[str]:
    """All experiments that give facts, sorted."""
    return sorted(_known())


def _known() -> dict[str, Experiment[..., Any]]:
    inside = f"{experiments.__name__}."
    return {name: made for name, made in REGISTRY.items() if made.module.startswith(inside)}
