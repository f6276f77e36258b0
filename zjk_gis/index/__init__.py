"""Layers compiled once and asked for millions of points: `zones`, and road `sections`."""
