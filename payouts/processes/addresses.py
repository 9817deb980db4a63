"""The addresses at which an installation is served."""

from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket

from tracker.errors import Conflict


class AddressInUse(Conflict):
    """The address is in use, or may not be bound."""

    exit_code = 1


def require_address_free(bind: str, option: str = "--bind") -> None:
    """Raises AddressInUse when the address cannot be bound. Call it before anything is created or started.

    bind: HOST:PORT. option: the command-line option that the message suggests.
    """
    host, _, port = bind.rpartition(":")
    try:
        with socket(AF_INET6 if ":" in host else AF_INET) as trial:
            trial.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            trial.bind((host.strip("[]"), int(port)))
    except OSError as error:
        raise AddressInUse(
            f"{bind} cannot be used ({error.strerror}). Choose another address, for example: "
            f"{option} {host}:{int(port) + 10}"
        ) from None
