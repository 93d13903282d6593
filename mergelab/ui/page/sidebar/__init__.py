"""The sidebar: its widgets, the values that they hold, and the events that change them."""
