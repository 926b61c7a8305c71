"""`python -m wandb`: the command line."""

from wandb.cli import main

main()
