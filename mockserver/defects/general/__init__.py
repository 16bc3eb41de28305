"""Defects that any API can have: they go by its contract and by what passes, and name no API."""
