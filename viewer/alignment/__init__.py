"""The alignment: choosing, moving by hand, reviewing."""
