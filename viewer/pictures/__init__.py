"""Planes, layers, panes and the mouse in them."""
