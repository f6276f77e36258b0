"""The command that asks what may not be where."""
