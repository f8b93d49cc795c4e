"""Who may come in: tokens, tickets and links that name somebody, and how long they do."""
