"""How fast the gateway is: `python -m bench` (or `make bench`).

Every scenario runs against the gateway, against a minimal reference proxy (reference.py) and straight at the scripted
upstream, in turn in every round, so that what a busy machine does to one it does to all. Trust the CPU microseconds
and the ratio to the reference; requests per second belong to the machine they were measured on.
"""
