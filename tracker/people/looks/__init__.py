"""The look of a brand: the colour and logo of its pages and mails, and the address that gets replies."""
