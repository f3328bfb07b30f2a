"""Which edit makes which step run: the rules of the layer cache."""

from buildlab.experiments.layer_cache.invalidation import base_image_moved, order, rules
from buildlab.experiments.layer_cache.keys import edits, split

__all__ = ["base_image_moved", "edits", "order", "rules", "split"]
