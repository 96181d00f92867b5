"""What serves: exporters, and the proof that an export computes what the trained model does."""
