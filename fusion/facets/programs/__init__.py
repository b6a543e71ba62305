"""Segmentation programs of others, run where a user has installed them."""
