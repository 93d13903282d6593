"""One visitor's lab: it takes forms and answers with messages. Nothing here knows a widget or a tensor."""
