"""What charging costs: pure arithmetic on facts of a session, a tariff, rules and a code.

    breakdown(session, tariff, rules, promotion)    the bill, exact to the cent

Conditions and actions of rules are made by `condition` and `action` from their type and value. Whatever makes no sense
is `InvalidBilling`.
"""
