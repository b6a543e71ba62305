"""What the picture itself is like, before any bone is looked for."""
