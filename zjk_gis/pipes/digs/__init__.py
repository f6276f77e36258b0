"""Digging in the road (道路挖掘): what it meets, how soon again, and what a section shows."""
