"""Files and their text: discovery, encoding, trees, suppression comments."""
