"""The pathway's questions and its live verdict."""
