"""Single answers: the examples of a task with what each model said."""
