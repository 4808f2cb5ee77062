"""The `netqueue` command."""
