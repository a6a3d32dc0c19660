// Runs in the page. Notes each text of the last answer, and everything that looks like trouble, in `window.seen`.
(() => {
  const troubles =
    '[role="alert"], .banner, .reconnecting, .ending, .error-notice, .ant-message-error, .not-sent';
  const seen = { texts: [], troubles: [] };
  window.seen = seen;
  const look = () => {
    const text = ([...document.querySelectorAll('.answer .prose')].at(-1)?.textContent ?? '').trim();
    if (text !== (seen.texts.at(-1) ?? '')) seen.texts.push(text);
    for (const element of document.querySelectorAll(troubles)) {
      const trouble = (element.textContent ?? '').trim();
      if (trouble !== '' && !seen.troubles.includes(trouble)) seen.troubles.push(trouble);
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
})();
