"""Whether a journal is whole, what of a damaged one is, and what was sent of its readings."""
