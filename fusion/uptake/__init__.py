"""What was measured at the joints, and what it suggests."""
