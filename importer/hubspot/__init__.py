"""HubSpot over HTTP: the only room that knows its URLs, its JSON and its HTTP statuses."""
