"""Paper 4: lungs, then lesions in the masked slice, then severity."""
