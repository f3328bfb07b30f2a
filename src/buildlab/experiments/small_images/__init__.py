"""What an image weighs, what it lacks, and what that breaks."""

from buildlab.experiments.small_images.layers import contents
from buildlab.experiments.small_images.linking import STARTS, linked, starting, traces
from buildlab.experiments.small_images.serving import HEALTH, calls, health, healthy
from buildlab.experiments.small_images.six import (
    CHECKS,
    IMAGES,
    STEPS,
    inside,
    largest_step,
    passing,
    sizes,
    three_sizes,
    users,
    which_size,
    works,
)

__all__ = [
    "CHECKS",
    "HEALTH",
    "IMAGES",
    "STARTS",
    "STEPS",
    "calls",
    "contents",
    "health",
    "healthy",
    "inside",
    "largest_step",
    "linked",
    "passing",
    "sizes",
    "starting",
    "three_sizes",
    "traces",
    "users",
    "which_size",
    "works",
]
