"""Planes, layers, colour maps, checking views, panes and the mouse in them."""
