"""Who may come in: accounts, codes and the login in front of everything."""
