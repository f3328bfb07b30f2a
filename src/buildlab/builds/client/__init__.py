"""Programs that build: docker's client, typed, plain and legacy, and a container beside it."""
