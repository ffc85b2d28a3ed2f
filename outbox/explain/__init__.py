"""Why is a row in a cloud, or why not: the facts, the conditions of the view, the answer in words."""
