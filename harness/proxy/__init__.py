"""What stands between the replicas and everybody else. Runs in a container and imports nothing of the harness."""
