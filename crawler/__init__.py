"""Collects the coverage of a study and archives it as served."""
