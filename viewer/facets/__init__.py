"""The joints in the pictures and beside them."""
