"""The sub-commands of `gridmock` that need the mock server."""
