"""Getting at files and their attributes, hostile ones too."""
