"""Tests of speed: ratios to a named peer, taken in one run. Slow, and never in seconds."""
