"""The reader and the reading on screen."""
