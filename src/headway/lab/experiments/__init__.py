"""The experiments, one file each; `EXPERIMENT` is what a file is about."""
