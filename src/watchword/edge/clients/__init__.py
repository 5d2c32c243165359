"""What clients of REST APIs do, whichever library sends their requests: steps over requests and answers."""
