"""The archive in the window: a study found there and opened, its priors, and results sent back."""
