"""The command `zjk-gis`. Thin: it parses, calls the library and prints."""
