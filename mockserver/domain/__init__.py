"""The world behind the APIs: what exists, what it costs, and how it is at a time. No web, no database."""
