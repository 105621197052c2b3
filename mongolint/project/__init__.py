"""The linked model: what every expression is, across files. Answers questions; knows no rule."""
