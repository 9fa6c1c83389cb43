"""The documents, and what generates those that the code decides."""
