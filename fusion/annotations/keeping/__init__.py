"""The file of a journal: written or not at all, whether it is whole, and what was sent of it."""
