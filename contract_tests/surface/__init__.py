"""What a contract has that general laws can be played on: its resources, its lists, what closes its operations."""
