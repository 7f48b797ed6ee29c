"""Pure functions from a history to a verdict. One check per file; no I/O at all."""
