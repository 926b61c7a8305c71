"""The commands of `wandb` by topic; `wandb.cli` loads the one that is asked for."""
