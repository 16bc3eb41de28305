"""BESS: grid connections, batteries, sensors."""
