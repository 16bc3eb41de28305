"""Recorded and passing traffic against a contract: one exchange at a time, in both directions."""
