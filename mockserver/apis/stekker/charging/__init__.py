"""Smart charging behind the handlers: organizations, their charge points, sites and sessions, and their plans.

Everything is kept per organization in the store; `planning` decides what to push, the outbox delivers it.
"""
