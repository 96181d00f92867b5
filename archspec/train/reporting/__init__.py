"""What is told of a training: lines, rows, pictures of them, pages."""
