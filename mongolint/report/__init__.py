"""Reporters: findings in, a string out. They print nothing, read no file, know no engine, rule or model."""
