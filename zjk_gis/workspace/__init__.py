"""Layers with versions, in one GeoPackage or one PostGIS schema."""
