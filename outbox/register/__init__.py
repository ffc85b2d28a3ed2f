"""Registreren: what it would do, asking, following it to its end; and the first contact with a cloud."""
