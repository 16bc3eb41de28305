"""Receipts for charging sessions, as PDF documents of one page.

receipt(bill, session, issuer=..., ...)    what `mockserver.domain.billing` has worked out, for people
"""
