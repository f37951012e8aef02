"""Signing in: JSON over POST under /auth for people and phones, OAuth 2.0 for programs. docs/signing-in.md shows each."""

from __future__ import annotations

from starlette.routing import Route

from api.auth import oauth, passwords, second_factor, sessions
from api.auth.asking import endpoint

routes = [
    Route("/auth/sign-in", endpoint(sessions.sign_in), methods=["POST"]),
    Route("/auth/refresh", endpoint(sessions.refresh), methods=["POST"]),
    Route("/auth/sign-out", endpoint(sessions.sign_out, needs_sign_in=True), methods=["POST"]),
    Route("/auth/sessions", endpoint(sessions.listed, needs_sign_in=True), methods=["POST"]),
    Route("/auth/sessions/revoke", endpoint(sessions.revoke, needs_sign_in=True), methods=["POST"]),
    Route("/auth/password", endpoint(passwords.change, needs_sign_in=True), methods=["POST"]),
    Route("/auth/password/reset", endpoint(passwords.reset), methods=["POST"]),
    Route("/auth/reset-codes", endpoint(passwords.issue_code, needs_sign_in=True), methods=["POST"]),
    Route("/auth/second-factor", endpoint(second_factor.begin, needs_sign_in=True), methods=["POST"]),
    Route("/auth/second-factor/confirm", endpoint(second_factor.confirm, needs_sign_in=True), methods=["POST"]),
    Route("/auth/second-factor/off", endpoint(second_factor.turn_off, needs_sign_in=True), methods=["POST"]),
    Route("/oauth/token", oauth.token, methods=["POST"]),
    Route("/.well-known/oauth-authorization-server", oauth.discovery),
    Route("/.well-known/jwks.json", oauth.jwks),
]
