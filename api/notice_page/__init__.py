"""Notices for whoever was given their address: as a page and as a PDF."""
