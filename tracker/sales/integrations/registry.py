"""Every kind of source, one line each. A new kind is added here and nowhere else outside its own folder."""

# ruff: noqa: F401 - `tracker/sales/integrations/kinds.py` reads the names of this module
from tracker.sales.integrations.api import KIND as api
from tracker.sales.integrations.csv_line import KIND as csv
from tracker.sales.integrations.lemonsqueezy.kind import KIND as lemonsqueezy
from tracker.sales.integrations.shopify.kind import KIND as shopify
from tracker.sales.integrations.standard import KIND as standard
from tracker.sales.integrations.stripe.kind import KIND as stripe
from tracker.sales.integrations.woocommerce import KIND as woocommerce
