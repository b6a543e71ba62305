"""Two dates of one patient beside each other: one crosshair, and what changed."""
