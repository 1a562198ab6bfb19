"""What a person looks at: figures, the explorer, inspection pages.

Takes tables; gives PDF, PNG, CSV and HTML. Must not compute a number that no table has.
"""
