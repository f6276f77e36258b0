"""Pages that work without a network: base maps, tiles, scripts and styles inside the file."""
