"""Polygon arithmetic that rooms share: faces, partitions, borders, snapping, what lies inside."""
