"""The songs that ship with the player, and what makes them."""
