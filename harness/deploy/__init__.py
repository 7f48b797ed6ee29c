"""What deploys and rolls back: the team's own command."""
