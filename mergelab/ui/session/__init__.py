"""One visitor's lab: from a form to messages for the page. No widget, no tensor."""
