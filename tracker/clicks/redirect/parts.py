"""The objects that the redirect's Flask entry point uses, created once for each application."""

from functools import cached_property

from tracker.clicks.counting.confirmations import PrerenderConfirmations
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect.link_cache import LinkCache
from tracker.clicks.redirect.link_source import link_source
from tracker.clicks.redirect.shown_brands import ShownBrands, shown_brands_of
from tracker.http.site import Site


class RedirectParts:
    """Get it with `site().part(RedirectParts)`. Nothing is opened before it is first used."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.recorder = Recorder.of(site.settings)

    @cached_property
    def links(self) -> LinkCache:
        return LinkCache(link_source(self._site.databases.main))

    @cached_property
    def brands(self) -> ShownBrands:
        return shown_brands_of(self._site.databases.main)

    @cached_property
    def confirmations(self) -> PrerenderConfirmations:
        return PrerenderConfirmations(self._site.settings.clicks_url, self._site.settings.secret_keys)

    @cached_property
    def visitor_keys(self) -> VisitorKeys:
        return VisitorKeys(self._site.settings.home)
