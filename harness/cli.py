"""The `harness` command."""


def main() -> None:
    """Entry point."""
