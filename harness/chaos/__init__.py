"""Chaos runs: campaigns of random plans, whose results accumulate in one file.

seeds.py        which plans a campaign has: a seed for each number, and the numbers of a shard
records.py      what is kept of a campaign, a plan and a finding
ledger.py       the file that keeps them; `schema.py` its tables, and what is refused
merging.py      several of these files made one
campaign.py     the coordinator: which plan begins next, and when it ends; it knows nothing of how a plan is run
stopping.py     the lever that stops every campaign of a user
thinning.py     what is kept of the runs' evidence
coverage.py     what was tried, how often, and what chance is left
live.py         what a person sees while a campaign goes on
summary.py, page.py   the report, for the terminal and as one HTML file
"""
