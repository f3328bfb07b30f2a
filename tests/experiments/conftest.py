"""Experiments run on the engine that builds use by default."""

from tests.engine.conftest import lab_engine

__all__ = ["lab_engine"]
