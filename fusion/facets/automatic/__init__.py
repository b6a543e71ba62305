"""CT to joints."""
