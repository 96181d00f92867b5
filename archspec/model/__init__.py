"""Graph to Keras model, and the audit that holds one against the other."""
