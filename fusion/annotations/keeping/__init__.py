"""Whether a journal is whole, and what of a damaged one is."""
