"""What the lessons run: plain functions, each of which is a cell, its source and its test."""
