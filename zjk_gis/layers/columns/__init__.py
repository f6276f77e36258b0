"""What a column holds: numbers, coded words, codes, levels, dates and times, degrees."""
