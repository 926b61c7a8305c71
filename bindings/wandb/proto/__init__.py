"""The records of a log, for scripts that read `.wandb` files by the official names."""
