"""The charging stations behind Dynamo: the chargers of the world, what clients did to them, and what OCPP says to them.

`station` is the way in: `station = await Station.of(ctx, org_id, charge_point_id)`, then `await station.call(action,
payload)`. `connectors` says what each connector is doing, `ocpp16` how a station takes a call, `ocpp201` what the
same call looks like to a station that speaks the other version.
"""
