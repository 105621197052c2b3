"""The schema of a collection as the code shows it: plain data, and the validator that its writes satisfy."""
