"""Publishing: takes a study's results, gives repositories of the hub with cards.

Knows tables, manifests and the hub's client. Computes no number that a card has, and trains and generates nothing.
"""
