"""The door: what can be opened, what was opened before, and which series of a study are shown."""
