"""HubSpot over HTTP: the only package that knows its URLs, its JSON and its HTTP statuses."""
