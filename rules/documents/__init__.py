"""Rules about what documents hold: fields, types, growth, references."""
