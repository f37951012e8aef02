"""Who may sign in and with what rights (账号与授权): accounts, grants, stand-ins, clients; by administrators."""
