"""What a build leaves behind, read as bytes: images and their layers, and searches in all of it."""
