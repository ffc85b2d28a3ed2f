"""What a person asks and decides while the relay runs."""
