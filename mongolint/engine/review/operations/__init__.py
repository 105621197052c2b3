"""What the repository shows of how the database is run: evidence, or a question. Never a claim.

Files are searched for words, none is executed, and no link is followed. A topic is ticked by what shows the thing
itself. What only bears on it (a tool that is run once, a server without a replica set) is told with the question.
"""
