"""The load that runs while things happen; open loop."""
