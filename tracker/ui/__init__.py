"""What all pages share: layout, style, error pages, health."""
