"""Manholes and their covers (窨井、井盖): where they stand, how they are kept, and their live register."""
