"""The demo app: what a driver does in Stekker's app, and Stekker's staff behind it, for use against the mock only."""
