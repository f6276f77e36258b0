"""The commands that draw and report."""
