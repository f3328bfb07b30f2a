"""This machine, without docker: settings, the kit's home, processes, locks, files."""
