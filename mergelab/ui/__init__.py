"""The lab in the browser. Modules import in the order messages, form, session, page; web/ is what the browser runs."""
