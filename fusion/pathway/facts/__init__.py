"""What is recorded about a case: the facts, their file, and what the images suggest of them."""
