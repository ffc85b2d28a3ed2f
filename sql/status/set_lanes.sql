-- As many relays can share a target as it has lanes.
SELECT outbox.set_lanes(%(target)s, %(lanes)s)
