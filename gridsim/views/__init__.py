"""What people look at: words, figures, files."""
