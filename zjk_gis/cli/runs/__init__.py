"""Commands that run a city week by week: refresh, undo, changes."""
