"""Claims about experiments of the Chaos Toolkit."""
