"""What every room may use and that knows nothing: harmless text, JSON of others."""
