"""What ``hostile_input`` opens."""
