"""The law itself: acts, their texts in parts, numbers, references, the everyday guide. Pure."""
