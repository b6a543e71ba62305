"""Frames at known places, as regular grids."""
