"""Keys for people and programs, and what each of them may still use.

`issued` the keys given out by `dragoman keys` (in the state store, so that they count without a restart), `secret` a
new key and its hash, `tally` what one key has used, `ledger` that tally shared by all workers, reserved before a
request and settled after it.
"""
