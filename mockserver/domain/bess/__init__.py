"""Stationary batteries as a service: what sensors measured, what they will measure, and what a battery should do."""
