"""What all pages share: layouts, components, styles and scripts, forms, notices, error pages, health."""
