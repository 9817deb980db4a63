// The demo shop's part of the consent: it asks, passes the answer to ll.js, and shows what follows from it.
(() => {
  const section = document.getElementById('consent');
  if (!section) return;
  const isStored = () => {
    try {
      return 'll' in localStorage;
    } catch (error) {
      return false;
    }
  };
  const show = () => {
    section.hidden = !ll.token();
    section.classList.toggle('good', isStored());
    section.querySelector('.kept').hidden = !isStored();
    section.querySelector('.passing').hidden = isStored();
    document.querySelectorAll('.nobody').forEach((note) => { note.hidden = !!ll.token(); });
  };
  const answer = (yes) => () => {
    ll.consent(yes);
    show();
  };
  document.getElementById('keep').addEventListener('click', answer(true));
  document.getElementById('forget').addEventListener('click', answer(false));
  show();
})();
