"""Everything that can be set from outside. docs/settings.md lists each one; a test compares the two."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment: `RUHU_` and the name in capitals (`PORT` alone works too)."""

    model_config = SettingsConfigDict(env_prefix="RUHU_", extra="ignore", frozen=True)

    env: Literal["demo", "development", "production"] = Field(
        "demo", description="demo: made-up families and personas; production: neither can exist."
    )
    database_url: str | None = Field(
        None, description="PostgreSQL server to use instead of the private one; its user may create roles and tables."
    )
    app_database_url: str | None = Field(
        None,
        description="The same database as a login that is a member of ruhu_app only. Without it, `database_url` is "
        "used with the role ruhu_app.",
    )
    master_key: str | None = Field(
        None, repr=False, description="The master key itself: 64 hexadecimal digits. Prefer a file or a command."
    )
    master_key_file: Path | None = Field(
        None, description="The file with the master key, by which sealed fields are opened; needed outside the demo."
    )
    master_key_command: str | None = Field(
        None, description="A command that prints the master key, such as a key management service's client."
    )
    data_dir: Path = Field(Path(".data"), description="Where the private server, keys and uploads live.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, validation_alias=AliasChoices("RUHU_PORT", "PORT"), description="Port to listen on.")
    public_url: str | None = Field(
        None, description="The address under which clients reach this server, such as https://ruhu.example.org."
    )
    pool_size: int = Field(
        10, ge=1, description="Connections for reads, as many for writes, half as many for wide lists."
    )
    statement_timeout_seconds: float = Field(15, gt=0, description="A statement that takes longer is stopped.")
    max_body_bytes: int = Field(
        3_000_000, ge=1024, description="A request body or WebSocket message over this is refused as a whole."
    )
    max_upload_bytes: int = Field(10_000_000, ge=1024, description="A department's file over this is refused.")
    max_sockets: int = Field(2000, ge=1, description="WebSockets open at once in one process; more are told 503.")
    max_sockets_per_account: int = Field(
        20, ge=1, description="WebSockets open at once of one account, or of one address without an account."
    )
    max_cost: int = Field(200_000, ge=1, description="The highest cost of one operation, in values it may bring.")
    cost_per_minute: int = Field(
        2_000_000,
        ge=1000,
        description="What one account, or one address without an account, may spend on operations in a minute.",
    )
    trusted_only: list[str] = Field(
        [],
        description='Roles that may send stored documents only, like ["HELPER", "ANONYMOUS"]; ANONYMOUS: not signed in.',
    )
    introspection: list[str] | None = Field(
        None,
        description="Roles that may read the schema by introspection and get suggestions; not set: everybody, in "
        "production all who are signed in.",
    )
    graphiql: bool | None = Field(
        None, description="Whether browsers get GraphiQL; not set: everywhere but in production."
    )
    minimum_app_versions: dict[str, str] = Field(
        {}, description='The oldest version of each app that may still be used, like {"org.example.app": "1.4"}.'
    )
    works: bool = Field(
        True, description="Whether `./ruhu serve` does the work of a worker too; false where `./ruhu worker` runs."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged, as JSON.")

    @property
    def serves_graphiql(self) -> bool:
        return self.env != "production" if self.graphiql is None else self.graphiql


def load_settings() -> Settings:
    """The settings of this process; a wrong value is a pydantic ValidationError that names it."""
    return Settings()
