"""Which model, at which upstream: pure decisions, no network and no clock.

`patterns` wildcards, `router` who wins, `profiles` facts about model families, `catalog` what upstreams list.
"""
