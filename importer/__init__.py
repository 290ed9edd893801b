"""Bulk association importer for HubSpot."""
