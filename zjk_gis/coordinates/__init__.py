"""What these numbers are: coordinate readings, inference, datum by source, doubtful positions."""
