"""Reward models run on this machine by torch: what one file each of text, batches, checkpoint, heads and passes do."""
