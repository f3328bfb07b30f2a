"""A workflow file, run against the kit's own registry and engines: its build steps, no more."""
