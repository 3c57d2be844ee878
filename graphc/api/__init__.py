"""Public functions over the user's tensors."""
