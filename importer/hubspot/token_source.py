"""The source of the access token that the settings describe."""

from importer.config import Settings, load_oauth, load_token, token_origin, uses_oauth, uses_token_file
from importer.hubspot.access_tokens import FileToken, FixedToken, TokenSource
from importer.hubspot.oauth import OAuthToken
from importer.hubspot.proxy import find_proxy


def token_source(settings: Settings) -> TokenSource:
    """Return the source of the token: HUBSPOT_ACCESS_TOKEN, or else the token file, or else OAuth.

    Raises SettingsError, without quoting a secret, if there is no token, a file cannot be read, or the proxy is wrong.
    """
    proxy = find_proxy(settings.base_url)
    if uses_oauth(settings):
        return OAuthToken(settings.base_url, load_oauth(settings), proxy)
    token = load_token(settings)
    if settings.token_file is not None and uses_token_file(settings):
        return FileToken(settings.token_file, token, lambda: load_token(settings))
    return FixedToken(token, token_origin(settings))
