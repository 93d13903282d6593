"""The events of the tabs, one file per tab."""
