"""Tests of the self-tests: the table, the seams, what is a finding; and a short form of both with real gates."""
