"""A city as a whole: what is published of it."""

from zjk_gis.city.publish import Published, publish_city

__all__ = ["Published", "publish_city"]
