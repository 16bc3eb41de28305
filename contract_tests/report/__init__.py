"""Consumers of a run's events: one module per form of report, none of which knows schemathesis."""
