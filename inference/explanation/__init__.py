"""What a network looked at: activation maps and the figures that judge them."""
