"""Defects that only Stekker's battery API can have."""
