"""Servers elsewhere that speak OpenAI's protocol: how they are reached, what they tell of themselves, how they fare."""
