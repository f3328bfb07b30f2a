/* A table wider than its place is made smaller as a whole: on paper nothing can be scrolled to. */
(() => {
  const fit = () => {
    for (const table of document.querySelectorAll('.cell table, .answer table')) {
      const room = table.closest('.output, .cell, .answer').clientWidth;
      if (room && table.scrollWidth > room) {
        table.style.zoom = Math.max(0.3, (0.99 * room) / table.scrollWidth);
      }
    }
  };
  const open = (all) => {
    for (const part of document.querySelectorAll('details.fold, .markdown details')) {
      if (all && !part.open) {
        part.open = true;
        part.dataset.closed = 'yes';
      } else if (!all && part.dataset.closed) {
        part.open = false;
        delete part.dataset.closed;
      }
    }
  };
  if (document.body.classList.contains('print')) fit();
  addEventListener('beforeprint', () => open(true));
  addEventListener('afterprint', () => open(false));
})();
