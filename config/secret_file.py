"""Secrets in files: created once, readable by the owner only, and the same for all processes."""

import os
import secrets
from pathlib import Path


def load_or_create_secret(path: Path, length_bytes: int = 48) -> str:
    """Read the secret in the file. If there is no file, create one atomically, synced to disk.

    A new secret is `length_bytes` random bytes in base64url, without padding.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(length_bytes))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first; use its secret
    finally:
        temporary.unlink()
    return path.read_text().strip()


def destroy_secret(path: Path) -> bool:
    """Overwrite the file, then remove it. Returns False when the file is already gone."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    return True
