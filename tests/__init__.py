"""What must hold. Parts run in the order of `tests/parts.py`."""
