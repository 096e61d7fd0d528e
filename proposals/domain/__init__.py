"""The five steps and what stands around them: pure rules, no input or output, no clock, no randomness."""
