"""What a pipe survey says of itself (管线普查): its faults, slopes and depths."""
