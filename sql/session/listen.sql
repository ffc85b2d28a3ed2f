-- The bell for the loops; and who came or went among the relays.
LISTEN outbox;
LISTEN outbox_lanes
