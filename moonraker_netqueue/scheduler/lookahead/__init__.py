"""What strategy `lookahead` weighs: scarce printers, nights, and the queue to come."""
