"""Rules of the whole run; here and not in tests/, so that they hold for notebooks/ too."""

pytest_plugins = ("tests.parts", "tests.lanes", "tests.offline", "tests.notebooks.watch")
