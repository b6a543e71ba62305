"""The joints in the pictures and beside them: found, measured, marked, named."""
