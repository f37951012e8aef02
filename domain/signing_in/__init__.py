"""How people, phones and machines prove who they are: passwords, second factors, devices, clients of partners."""
