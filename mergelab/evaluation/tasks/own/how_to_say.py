"""Where a person gives task sets and says who answers them, in the words that messages end with."""

HOW_TO_GIVE = "under “Task sets” on the page, or with --task on the command line"
HOW_TO_CHOOSE = "“Answered by” on the page, --head on the command line, or `head` in task.yml"
"""Who answers is a model, or `probe`."""
