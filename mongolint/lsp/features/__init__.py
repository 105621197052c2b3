"""What an editor is answered beside findings, as plain data: pure functions of a loaded project and a place.

Lines and columns are 0-based and count code points. What the model does not know gets no answer. Knows nothing of the
protocol. Where a function takes ``text``, that is the buffer, which may be no Python at the moment: the project then is
the last that was.
"""
