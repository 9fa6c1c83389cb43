"""The knowledge base: derives texts, quotes, numbers and vectors from captures, and keeps them."""
