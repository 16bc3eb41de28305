"""Defects that only Stekker's smart charging API can have."""
