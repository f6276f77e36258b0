"""One canvas for sheets and charts, and its typefaces."""
