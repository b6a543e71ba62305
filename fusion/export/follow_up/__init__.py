"""What leaves of a comparison of two dates."""
