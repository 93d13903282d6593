"""From what a session knows to the messages that show it: pure functions, one file per part of the page."""
