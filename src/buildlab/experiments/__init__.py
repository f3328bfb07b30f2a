"""What lessons measure: a folder for each subject, its Dockerfiles and programs beside it."""

from buildlab.experiments import (
    cache_mounts,
    ci,
    clinic,
    context,
    go,
    graph,
    hazards,
    layer_cache,
    limit,
    private_modules,
    reproducible,
    secrets,
    sharing,
    small_images,
    stale,
    why_slow,
)

__all__ = [
    "cache_mounts",
    "ci",
    "clinic",
    "context",
    "go",
    "graph",
    "hazards",
    "layer_cache",
    "limit",
    "private_modules",
    "reproducible",
    "secrets",
    "sharing",
    "small_images",
    "stale",
    "why_slow",
]
