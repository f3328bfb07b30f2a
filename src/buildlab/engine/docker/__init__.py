"""Engines of the user's: where they listen, their client, a builder of ours beside theirs."""
