"""Reading back what was logged. `wandb.Api` is `wandb.apis.public.Api`."""
