"""One package per API. Each holds a declaration (`__init__`), views (domain to wire) and handlers by tag."""
