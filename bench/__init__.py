"""Measurements: `python -m bench NAME` prints one as JSON. Only the newsroom's data lies in this repository."""
