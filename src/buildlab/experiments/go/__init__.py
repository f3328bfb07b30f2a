"""What Go itself does in a build."""

from buildlab.experiments.go.compiling import toolchain

__all__ = ["toolchain"]
