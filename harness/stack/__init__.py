"""What is to be tested, declared: the Compose file and its `x-harness` block. Pure data."""
