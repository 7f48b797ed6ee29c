"""What stands between the replicas and everybody else. Runs in a container and imports nothing of the harness."""

#: What `GET /version` answers: the Toxiproxy release that this server is compatible with, and whose it is.
VERSION = "2.12.0+rollback-harness.1"
