"""From a desired view to the triggers that keep it live.

catalogue, views      what the database says of the views, and whether each can be kept live
branches ... outputs  a view's SQL as branches: which tables, and what is equal to what (levels, conditions, terms)
writes, chains        what each source table must write when a row of it changes
generate, statements  the functions and triggers that write it; describe says the same in words
wanted, present       what should be installed, and what is; differences is what install mends
"""
