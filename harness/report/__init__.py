"""What people and pipelines read of a run."""
