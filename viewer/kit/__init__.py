"""Colours, labels, texts, tables, notes and dialogs that every panel stands on."""
