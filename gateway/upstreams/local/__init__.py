"""A small model on this machine: a supervisor process, a model process under it, its address for workers."""
