"""The tables of passwords and passkeys, which are optional."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class UserPassword(Base):
    """The password of a user, as an Argon2id hash (RFC 9106) with its parameters and salt."""

    __tablename__ = "user_password"
    __table_args__ = (
        CheckConstraint("substr(password_hash, 1, 10) = '$argon2id$'", name="password_is_hashed"),
        STRICT,
    )

    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    password_hash: Mapped[str]
    set_at: Mapped[datetime]


class Passkey(Base):
    """A public key credential of a user (WebAuthn, level 3). The private key stays with the person."""

    __tablename__ = "passkey"
    __table_args__ = (
        CheckConstraint("sign_count >= 0", name="sign_count_not_negative"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PasskeyChallenge(Base):
    """A challenge that a browser is to sign. It is deleted when it is answered, so it can be used once."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (
        CheckConstraint("length(challenge_hash) = 64", name="challenge_is_hashed"),
        CheckConstraint("purpose in ('register', 'sign_in', 'step_up')", name="passkey_purpose_known"),
        CheckConstraint("(purpose = 'sign_in') = (user_id is null)", name="only_a_sign_in_knows_no_user"),
        STRICT,
    )

    challenge_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    """None for a sign-in, where the passkey says whose it is."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
