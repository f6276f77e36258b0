"""The commands that answer a question."""
