"""What a training step costs, in every way that the adapted ViT can be run."""
