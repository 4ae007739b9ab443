"""Paper 2: IRRCNN for recognition, NABLA-3 for the lungs, an adaptive threshold inside them."""
