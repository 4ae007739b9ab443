"""Paper 3: one encoder that reconstructs, segments and recognises."""
