// Carries the click token through the shop's pages to the order: stores it after the shopper's consent,
// otherwise passes it from page to page; adds it to forms and addresses. See docs/script.md. Comments are not
// served.
(() => {
  const page = document, early = window.ll;
  const tag = page.currentScript || page.querySelector('[src*="/ll.js"]');
  const options = tag ? tag.dataset : {}, answer = options.consent;
  if (early && early.touches) {
    // A second tag may add the shopper's consent.
    if (answer) early.consent(answer == 'given');
    return;
  }

  const parameter = options.parameter || 'll', form = /^[\w-]{40,99}$/;
  const lifetime = 864e5 * Math.min(+options.days || 30, 90);
  // Touches are [token, time], oldest first. `given` is undefined until consent is given or refused.
  let kept = [], given, held, here, sent, used;
  // Tokens that this script inserted, which it may replace or remove.
  const mine = {};
  const at = (place) => kept.length ? kept.slice(place)[0][0] : null;
  const token = () => at(-1);
  const single = () => at(options.model == 'first' ? 0 : -1);
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {}
  };

  // Never change the shop's own values; without a value, remove the one inserted before.
  const stays = (present, value) => present ? present == value || !mine[present] : !value;
  const field = (element, name, value) => {
    let input = element.querySelector('[name="' + name + '"]');
    if (stays(input && input.value, value)) return;
    if (!input) element.append(input = Object.assign(page.createElement('input'), { type: 'hidden', name }));
    input.value = value || '';
    input.disabled = !value;
  };
  const fields = (element, open, name, close) => {
    field(element, open + name + close, token());
    field(element, open + '_' + name + close, kept[1] && at(0));
  };

  // The parameter that carries the token in this address, and the token; [] for addresses of third parties.
  const share = (url) => {
    const among = (list) => url.host && (' ' + list + ' ').includes(' ' + url.host + ' ');
    if (among('buy.stripe.com book.stripe.com donate.stripe.com ' + options.stripe))
      return ['client_reference_id', single()];
    // The address of a checkout that the shop's server made is signed; it has no /buy/.
    if (among(options.lemon) && url.pathname.includes('/buy/')) return ['checkout[custom][ll]', single()];
    if (among(location.host)) return [parameter, held ? null : token()];
    return among(options.pass) ? [parameter, token()] : [];
  };
  const visit = (element) => {
    const kind = element.localName, name = kind == 'form' ? 'action' : 'href';
    if (/^stripe-/.test(kind) && !stays(element.getAttribute('client-reference-id'), single()))
      element.setAttribute('client-reference-id', single() || '');
    const url = /^(a|area|form)$/.test(kind)
      && attempt(() => new URL(element.getAttribute(name) || location, page.baseURI));
    if (!url) return;
    const [key, value] = share(url), present = url.searchParams.get(key);
    if (name == 'action') {
      if (element.matches('[data-ll],.checkout')) fields(element, '', element.dataset.ll || 'll', '');
      if (/\/cart(\/add)?$/.test(url.pathname)) fields(element, 'attributes[', 'll', ']');
      if (key && !/post/i.test(element.getAttribute('method'))) return value && field(element, key, value);
    // Leave links to a place in the same page unchanged.
    } else if (url.href.split('#')[0] == location.href.split('#')[0]) return;
    if (!key || stays(present, value)) return;
    // Edit the query as a string, so that the rest of it is unchanged.
    const encoded = encodeURI(key);
    url.search = url.search.replace(RegExp('[?&]' + encoded + '=[^&]*'), '');
    if (value) url.search += (url.search && '&') + encoded + '=' + value;
    element.setAttribute(name, url.href);
  };
  const scan = (root) => root.querySelectorAll && [root, ...root.querySelectorAll('*')].forEach(visit);

  // A Shopify cart outlives the visit, so like the browser's storage it is written only after consent.
  const cart = () => {
    const value = held && token() || '';
    const body = 'attributes[ll]=' + value + '&attributes[_ll]=' + (value && at(0));
    if (window.Shopify && (value || sent) && body != sent)
      fetch('/cart/update.js', { method: 'POST', body: new URLSearchParams(sent = body) }).catch(() => {});
  };
  const settle = () => {
    const stored = attempt(() => JSON.parse(localStorage.ll).filter(
      ([text, when]) => form.test(text) && Date.now() - when < lifetime
    )) || [];
    sent = sent || stored[0];
    if (given == null) given = stored[0];
    kept = given ? stored : [];
    if (here && !kept.some(([text]) => text == here[0])) kept.push(here);
    kept.splice(1, kept.length - 5);
    kept.forEach(([text]) => used = mine[text] = 1);
    held = attempt(() => {
      if (given && kept[0]) localStorage.ll = JSON.stringify(kept);
      else localStorage.removeItem('ll');
      return given;
    });
    if (used) scan(page);
    cart();
  };
  const consent = (yes) => {
    given = !!yes;
    settle();
  };
  const find = (address) => {
    const found = new URL(address).searchParams.get(parameter);
    return form.test(found) && found;
  };
  const start = () => {
    const arrived = find(location);
    // A form or script of the shop may have led here from a page with the token in its address.
    const text = arrived || page.referrer.startsWith(location.origin + '/') && find(page.referrer);
    if (text) here = [text, Date.now()];
    // The flags in the token mark a prerender; its page is now being shown.
    if (/^E[w-z\d_-]/.test(arrived) && tag) navigator.sendBeacon(tag.src, arrived);
    settle();
    page.addEventListener('DOMContentLoaded', settle);
    new MutationObserver((records) => used && records.forEach((record) => {
      visit(record.target);
      record.addedNodes.forEach(scan);
    })).observe(page, { childList: true, subtree: true, attributeFilter: ['href', 'action'] });
  };

  window.ll = { token, touches: () => kept.map(([text]) => text), consent, push: consent };
  if (Array.isArray(early)) early.forEach((yes) => given = !!yes);
  if (answer) given = answer == 'given';
  page.prerendering ? page.addEventListener('prerenderingchange', start) : start();
})();
