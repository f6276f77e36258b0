"""`zjk-gis access` and its subcommands."""
