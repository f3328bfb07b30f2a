"""Set-up as a library: what has to be here before the first lesson, and the proof that it is."""
