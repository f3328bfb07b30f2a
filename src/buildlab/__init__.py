"""Fast, small, safe Docker builds of Go services, measured."""
