"""The commands of `harness.cli`, imported when they are called."""
