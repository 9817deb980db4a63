"""Secrets in files of their own: made once, readable by their owner only, the same for all processes."""

import os
import secrets
from pathlib import Path


def load_or_create_secret(path: Path) -> str:
    """The secret in the file; a new one is written when there is none, whole and synced or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first; its secret is the one
    finally:
        temporary.unlink()
    return path.read_text().strip()


def destroy_secret(path: Path) -> bool:
    """Overwrite the file, then remove it. False when another process was first."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    return True
