"""Faults that Go teams meet, made for real and cured."""

from buildlab.experiments.clinic.cases import of
from buildlab.experiments.clinic.faults import WITHOUT_CACHE, card, clinic, without_cache

__all__ = ["WITHOUT_CACHE", "card", "clinic", "of", "without_cache"]
