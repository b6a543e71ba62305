"""What stands around the pictures: who is shown and who reads, values, and the keys."""
