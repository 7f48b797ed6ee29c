"""Faults of databases: their locks, connections, plans, replicas and disks."""
