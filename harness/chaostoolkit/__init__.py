"""Experiments of the Chaos Toolkit: read and checked without running anything, then run by its own library.

Nothing but `library.py` and what is called by an experiment imports the library, which is an extra of its own.
"""
