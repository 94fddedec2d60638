"""The bank that ships, ``bank.toml``: its voices as they were designed, and the measures that level them."""
