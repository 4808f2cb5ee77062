"""What a queue is and how a command changes it: pure, deterministic, no I/O."""
