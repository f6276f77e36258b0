"""The version of zjk_gis, alone in a file so that packaging reads it without importing anything."""

__version__ = "0.2.0"
