"""Frames of pixels, as arrays."""
