"""The vocabulary of the neck: vertebrae, sides, levels, joints, and their codes."""
