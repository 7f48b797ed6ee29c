"""The pre-release checklist: items with their evidence, what they rest on by digest, who signed, and what
changed since.


`making.make` puts a document together from a stack, its runs and what tests vouched for; `verifying.verify`
says what of it still holds. An item is ticked by evidence or by a person, never by the lack of either.
"""
