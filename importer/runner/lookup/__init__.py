"""Looks up records by a property: the values in the pairs of a source become record ids before they are journalled."""
