"""Studies: cells of a grid (judge × template × criteria × style × orders × samples) on the same items, and what they show."""
