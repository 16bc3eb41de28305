"""Stekker's battery API: grid connections, batteries with their schedules, and sensors."""
