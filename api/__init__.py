"""Transport: the app, sign-in and tokens, GraphQL over HTTP, GraphiQL, health, and the command line."""
