"""Alignment by best-of-N: samples of a policy, what each scorer picks among them, and how good the picks are."""
