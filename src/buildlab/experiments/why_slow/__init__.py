"""One slow build, every instrument that can be pointed at it, and its repair."""

from buildlab.experiments.why_slow.slow import INSTRUMENTS, diagnosis, dockerfile, instruments

__all__ = ["INSTRUMENTS", "diagnosis", "dockerfile", "instruments"]
