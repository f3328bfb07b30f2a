"""Make the image ahead of the tests that need it; they wait for it, or make it themselves."""

from __future__ import annotations

from buildlab import engine as engines
from buildlab.engine.packages import ensuring
from buildlab.host.settings import Settings
from tests.engine.buildkit_image import recipe

if __name__ == "__main__":
    paths = Settings.from_env().paths
    recipe.archive(engines.current(), ensuring.ensure(paths.packages).folder, recipe.cache())
