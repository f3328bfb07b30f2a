"""What lessons measure: each a function that builds and returns `Runs`, tested on its own."""

from buildlab.experiments import context, layer_cache, service

__all__ = ["context", "layer_cache", "service"]
