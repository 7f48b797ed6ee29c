"""The pure parts of the reference stack: no daemon is needed."""
