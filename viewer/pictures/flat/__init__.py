"""Pictures drawn by ourselves, without OpenGL: one grey or coloured picture with its pose."""
