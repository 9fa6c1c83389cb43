"""Measurements: `python -m bench NAME` prints one as JSON. None of the data lies in this repository but the newsroom."""
