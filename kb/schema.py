"""Which schema of the record store this version of retold reads and writes."""

CAPTURED = "5"
"""How many steps the captured tables have taken (`kb.migrations.STEPS`)."""

DERIVED = "3"
"""Raised with every change to a derived table."""
