"""What stands around the pictures, where it stands, and what is written into them; the keys."""
