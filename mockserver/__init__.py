"""gridmock's mock server."""

__version__ = "0.1.0"
