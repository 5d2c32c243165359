"""`[mail]`: sending mail, and what mails are for."""
