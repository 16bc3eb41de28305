"""Checks of any implementation against its contract, over HTTP only: nothing here knows our own mock."""
