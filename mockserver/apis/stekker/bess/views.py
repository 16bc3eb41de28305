"""Domain to wire, one function per schema of the contract."""
