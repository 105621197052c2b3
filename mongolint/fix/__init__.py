"""How fixes are written: on trees of the code, lowered to edits of its text."""
