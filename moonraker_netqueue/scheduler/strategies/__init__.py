"""The ways to share out work; each is one file."""
