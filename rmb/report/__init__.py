"""What a run shows: progress while it asks, tables when it is done."""
