"""Reporters: findings in, a string out. They print nothing, read no file, and know no engine, rule or model."""
