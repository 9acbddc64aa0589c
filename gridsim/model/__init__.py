"""What the city is and does: one file per noun. Read ``day.py`` first."""
