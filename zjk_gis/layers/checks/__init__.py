"""Whether a layer is what its spec says, by row and rule."""
