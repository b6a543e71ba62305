"""What can happen to a reading, as events."""
