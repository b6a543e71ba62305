"""Small widgets and words that every panel stands on; the kit knows no panel."""
