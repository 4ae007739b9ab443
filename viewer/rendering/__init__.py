"""Pictures from volumes: slices and scenes. No widgets."""
