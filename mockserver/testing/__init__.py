"""What test suites run the mock with: its application called directly, or served by a thread."""
