"""The page at /server/netqueue/panel: static files, and how they are read."""
