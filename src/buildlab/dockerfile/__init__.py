"""Dockerfiles as text: instructions, stages, variables, and the images that they need."""
