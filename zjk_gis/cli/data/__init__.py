"""The commands that read, check and keep data."""
