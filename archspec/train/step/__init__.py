"""What happens to one batch: loss, gradient, update, and the schedule of the rate."""
