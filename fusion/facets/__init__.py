"""The facet joints: finding them on a CT, and saying how far to trust their level."""
