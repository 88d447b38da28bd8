"""The tests, in the order of the modules they describe; tests/README.md says how they are grouped."""
