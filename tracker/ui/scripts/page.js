// What pages do beyond htmx. Everything works without it; it only saves a page load.
(() => {
  'use strict';

  // After an act, the notice takes the focus, so that it is read and its undo is the next stop.
  const focusNotice = root => root.querySelector?.('[data-focus]')?.focus();
  addEventListener('DOMContentLoaded', () => focusNotice(document));
  addEventListener('htmx:after:swap', event => focusNotice(event.target));

  // Copy and share: the buttons are in the page but hidden, so that none is dead without this script.
  const prepare = root => {
    for (const button of root.querySelectorAll('[data-copy]')) button.hidden = !navigator.clipboard;
    for (const button of root.querySelectorAll('[data-share]')) button.hidden = !navigator.share;
  };
  addEventListener('DOMContentLoaded', () => prepare(document));
  addEventListener('htmx:after:swap', event => prepare(event.target));

  addEventListener('click', async event => {
    const button = event.target.closest?.('[data-copy], [data-share]');
    if (!button) return;
    if (button.dataset.share) {
      navigator.share({ url: button.dataset.share, title: button.dataset.title }).catch(() => {});
      return;
    }
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.querySelector('span');
    const said = button.nextElementSibling;
    const before = label.textContent;
    if (before === button.dataset.copied) return;
    label.textContent = said.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; said.textContent = ''; }, 2000);
  });
})();
