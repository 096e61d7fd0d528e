"""Everything that touches the world: the store, keys, calendars, file formats."""
