"""Layers with versions, in one GeoPackage or one PostGIS schema, and the city file: how they come."""

from zjk_gis.workspace.city import read_city
from zjk_gis.workspace.city_file import City, Source
from zjk_gis.workspace.city_file.draft import Draft, draft_city
from zjk_gis.workspace.workspace import Workspace

__all__ = ["City", "Draft", "Source", "Workspace", "draft_city", "read_city"]
