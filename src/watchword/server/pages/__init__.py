"""What people see in a browser: templates, their style sheet, and how both are sent."""
