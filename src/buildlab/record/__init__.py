"""One build as facts: read from its events, kept, compared, told in words. Nothing is run here."""
