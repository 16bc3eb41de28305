"""Defects that only Dynamo's API can have."""
