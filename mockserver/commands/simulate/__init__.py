"""`gridmock simulate`: the chargers of the world play against an endpoint, which need not be this mock.

    events    a world's OCPP messages as Stekker events: pure, in order, streamed
    timing    time that passes: pace, rate
    endpoint  one connection
    delivery  who sends what when: order, concurrency, backpressure, retries
    summary   what came of it
    run       pair, play, unpair
    command   options

Nothing is imported here, so that `events` costs neither click nor httpx.
"""
