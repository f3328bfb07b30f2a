"""The engine's programs: Debian packages, verified by apt, unpacked into one folder."""
