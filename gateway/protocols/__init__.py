"""Wire dialects, both directions: one folder each, no flask and no requests.

`dialect` says what a dialect offers; `sse`, `wire_json`, `names`, `losses`, `sealing` and `tap` are what they share.
"""
