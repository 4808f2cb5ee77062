"""What people and programs touch: endpoints and notifications."""
