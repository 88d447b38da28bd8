"""What `rmb export` writes: a run's verdicts in formats that other programs read; a file for each format."""
