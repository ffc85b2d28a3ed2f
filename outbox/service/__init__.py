"""The process around the loops of the relay: connections, lanes, bell, chores, health."""
