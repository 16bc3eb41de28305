"""The mock in a test suite: the pytest fixture `gridmock` and its parts, each imported when it is used first."""
