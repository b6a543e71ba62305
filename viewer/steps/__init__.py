"""The way from an opened study to a final reading: what each step lacks, and the bar that leads."""
