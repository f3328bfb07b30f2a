"""Experiments by name: what a claim may name as its judge."""

from __future__ import annotations

import difflib
from typing import Any

from buildlab import experiments
from buildlab.bench.experiment import REGISTRY, Experiment
from buildlab.bench.runs import Runs
from buildlab.errors import UsageError

FORMER = {
    "ablation": "limit",
    "attested": "reproducible",
    "cache_mount_hazards": "hazards",
    "cache_mount_no_ops": "cache_mounts",
    "cache_mount_places": "cache_mounts",
    "cache_mount_sharing": "hazards",
    "cache_mount_trust": "hazards",
    "checks": "reproducible",
    "ci_month": "ci",
    "claims_client": "graph",
    "claims_go": "go",
    "claims_images": "small_images",
    "claims_keys": "layer_cache",
    "claims_mounts": "cache_mounts",
    "claims_registry": "sharing",
    "claims_stale": "stale",
    "claims_time": "limit",
    "frozen": "stale",
    "instructions": "graph",
    "leaks": "secrets",
    "linking": "small_images",
    "platforms": "graph",
    "scanned": "reproducible",
    "secret_rules": "secrets",
    "serving": "small_images",
    "sharing_terms": "sharing",
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
