"""A whole batch on all printers in the least time, exactly where it is small enough."""
