"""What of a contract a run has really exercised: declared points, points that an exchange shows, and the sum."""
