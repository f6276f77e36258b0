"""Points in polygons: cells, labels, exact comparison near borders."""
