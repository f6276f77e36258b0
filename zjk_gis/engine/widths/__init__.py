"""How wide polygons are: inscribed circles and what bounds them."""
