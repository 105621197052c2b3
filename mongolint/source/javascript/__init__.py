"""JavaScript, as far as data is written in it: tokens, expressions, literals.

Tolerant: what is no literal, name, access or call is a node of kind ``other``, and nothing is an error. It may not
run anything, nor know what the names mean.
"""
