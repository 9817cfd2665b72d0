"""The common language of the house: what a conversation, an answer and a fault are, in nobody's wire format.

`dialogue` what is asked, `parts` what turns are made of, `events` how an answer arrives, `answer` the answer
whole, `fold` from one to the other, `grammar` which order of events is legal, `fault` what can go wrong,
`profile` facts about a model family, `models` an entry of a model list. Standard library only.
"""
