/* What does not fit the slide is made smaller as a whole; a small table is made larger. */
(() => {
  const MOST = 1.4;
  const FOOT = 44;
  const fit = () => {
    const slide = Reveal.getCurrentSlide();
    if (!slide || slide.dataset.fitted) return;
    const { width, height } = Reveal.getConfig();
    const [, ...parts] = [...slide.children].filter((part) => !part.matches('aside'));
    if (!parts.length) return;
    const last = parts[parts.length - 1];
    const room = height - FOOT - parts[0].offsetTop;
    const tall = last.offsetTop + last.offsetHeight - parts[0].offsetTop;
    const tables = [...slide.querySelectorAll('.output table')];
    const wide = Math.max(0, ...tables.map((table) => table.scrollWidth));
    const most = tables.length && !slide.querySelector('img') ? MOST : 1;
    const scale = Math.min(most, room / tall, wide ? width / wide : most);
    parts.forEach((part) => { part.style.zoom = Math.max(0.4, scale); });
    slide.dataset.fitted = 'yes';
  };
  Reveal.on('ready', fit);
  Reveal.on('slidechanged', fit);
  Reveal.initialize({
    width: 1280, height: 720, margin: 0.05, center: false, hash: true, slideNumber: 'c/t',
    transition: 'none', controls: true, progress: true, plugins: [RevealNotes],
  });
})();
