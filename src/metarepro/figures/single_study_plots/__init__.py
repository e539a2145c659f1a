"""Results that rest on one study."""
