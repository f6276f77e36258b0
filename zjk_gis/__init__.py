"""GIS for the fine-grained management of a Chinese city."""
