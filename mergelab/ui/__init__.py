"""The lab in the browser: form, session and page, each importing only from those before it; web/ is what the browser runs."""
