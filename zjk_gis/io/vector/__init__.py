"""Vector files: shapefiles, GeoPackages, GeoJSON, KML, DXF, geodatabases."""
