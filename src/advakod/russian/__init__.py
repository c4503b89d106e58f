"""russian."""
