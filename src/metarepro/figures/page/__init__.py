"""The layout engine: pages of measured texts and marks, their axes, their files, and what is wrong with them."""
