"""Engines of the kit's own: dockerd in namespaces, shared or fresh, found again and ended."""
