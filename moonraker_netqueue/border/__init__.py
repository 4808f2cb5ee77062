"""Where Moonraker and its dashboards are met: only `component` imports this."""
