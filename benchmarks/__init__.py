"""gridmock beside its peers: the same spec, the same requests, one core each; `python -m benchmarks`."""
