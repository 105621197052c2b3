"""Values followed through calls: what an expression stands for, what a stored document holds, what is known where."""
