"""What lies here of studies: where, under whom it was filed, and whether it is all of them."""
