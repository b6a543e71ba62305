"""Label maps made elsewhere to joints."""
