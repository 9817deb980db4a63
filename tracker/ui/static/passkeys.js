// Passkeys (WebAuthn): asks us for a challenge and the browser for its answer, and sends that as a form.
// A form with data-passkey is hidden where the browser has none, or has them for another address.
(() => {
  'use strict';

  const bytes = text =>
    Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), letter => letter.charCodeAt(0));
  const text = buffer =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

  const decoded = options => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const each of [...(options.excludeCredentials || []), ...(options.allowCredentials || [])]) {
      each.id = bytes(each.id);
    }
    return options;
  };

  const encoded = credential => {
    const response = {};
    const names = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
    for (const name of names) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };

  const answer = async form => {
    const sent = await fetch(form.dataset.options, { method: 'POST' });
    if (sent.status === 403) return location.reload();  // the step-up is over
    if (!sent.ok) throw new Error(sent.status);
    const publicKey = decoded(await sent.json());
    form.elements.credential.value = encoded(await navigator.credentials[form.dataset.passkey]({ publicKey }));
    form.submit();
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    if (!window.PublicKeyCredential || location.origin !== form.dataset.origin) continue;
    const failed = form.querySelector('[role=alert]');
    form.hidden = false;
    for (const none of document.querySelectorAll('[data-no-passkey]')) none.hidden = true;
    form.addEventListener('submit', event => {
      event.preventDefault();
      failed.hidden = true;
      answer(form).catch(() => { failed.hidden = false; });
    });
  }
})();
