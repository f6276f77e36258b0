"""Ready maps: one for each question of the mission."""
