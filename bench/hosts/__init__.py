"""What authentication costs in the frameworks that people use: ours beside the one that each of them brings."""
