"""The address that a shopper is sent to. Pure."""

from tracker.programs.links.query_parameters import parameter_name


def with_token(destination: str, parameter: str, token: str | None) -> str:
    """The destination with its own query and fragment kept and the token as the last parameter.

    A parameter of the token's name that the destination already has goes: somebody made the link from an
    address that he had himself been sent to, and that visit's token must earn nothing here. `destination`
    is one that programs.destinations has checked, so it is ASCII and needs no escaping.
    """
    address, hash_sign, fragment = destination.partition("#")
    path, _, query = address.partition("?")
    pairs = [pair for pair in query.split("&") if pair and parameter_name(pair) != parameter]
    if token is not None:
        pairs.append(f"{parameter}={token}")
    return path + ("?" + "&".join(pairs) if pairs else "") + hash_sign + fragment
