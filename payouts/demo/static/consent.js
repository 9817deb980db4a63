// The demo shop's own part of the consent: it asks, tells ll.js the answer, and shows what follows from it.
(() => {
  const section = document.getElementById('consent');
  if (!section) return;
  const isKept = () => {
    try {
      return 'll' in localStorage;
    } catch (error) {
      return false;
    }
  };
  const show = () => {
    section.hidden = !ll.token();
    section.classList.toggle('good', isKept());
    section.querySelector('.kept').hidden = !isKept();
    section.querySelector('.passing').hidden = isKept();
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
