"""What farmers report of themselves or of a neighbour (一键报贫), without an account, and what becomes of it."""
