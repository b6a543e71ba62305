"""Which level is which, and how sure that is."""
