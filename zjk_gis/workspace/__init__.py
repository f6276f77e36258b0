"""Layers with versions, in one GeoPackage or one PostGIS schema."""

from zjk_gis.workspace.city import read_city
from zjk_gis.workspace.city_file import City, Source
from zjk_gis.workspace.workspace import Workspace

__all__ = ["City", "Source", "Workspace", "read_city"]
