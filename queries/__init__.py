"""Asks the knowledge base: search, check, trace, report."""
