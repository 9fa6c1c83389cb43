"""Which schema of the record store this version of retold reads and writes."""

CAPTURED = "4"
"""How many steps the captured tables have taken (`kb.migrations.STEPS`)."""

DERIVED = "2"
"""Raised with every change to a derived table."""
