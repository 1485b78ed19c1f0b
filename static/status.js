// The page reloads itself without this. With it: news by server-sent events, by polling where those are blocked, and
// only what changed is redrawn and told to a screen reader.
"use strict";
(() => {
  const here = location.pathname;
  // Pages of our own, escaped by the server, are the only HTML that is ever parsed.
  const policy = window.trustedTypes ? trustedTypes.createPolicy("passback", { createHTML: (text) => text }) : { createHTML: (text) => text };
  const timeline = () => document.getElementById("timeline");

  const localTimes = () => {
    for (const time of document.querySelectorAll("#timeline time")) {
      const at = new Date(time.getAttribute("datetime"));
      if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleTimeString(document.documentElement.lang);
    }
  };
  const elapsed = () => {
    const place = document.querySelector("[data-elapsed]");
    if (!place) return;
    const seconds = Math.max(0, Math.floor((Date.now() - new Date(place.dataset.elapsed)) / 1000));
    place.querySelector(".count").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    place.hidden = false;
  };

  // A page may be shown from memory and be a second old; this one must be at least as new as what was heard.
  const redraw = async (revision) => {
    const answer = await fetch(`${here}?revision=${revision}`, { headers: { accept: "text/html" } });
    if (!answer.ok) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html").getElementById("timeline");
    if (!fresh) { location.reload(); return; }
    const before = timeline().dataset.state;
    // Changed in place: whoever has the keyboard on a button, or a finger on it, keeps it when news arrive.
    Idiomorph.morph(timeline(), document.importNode(fresh, true), {
      restoreFocus: true,
      callbacks: { beforeAttributeUpdated: (name) => name !== "open" },
    });
    localTimes();
    elapsed();
    if (fresh.dataset.state !== before) {
      const title = document.getElementById("verdict").textContent;
      document.title = `${title} · ${document.title.split(" · ").pop()}`;
      document.getElementById("announce").textContent = title;
    }
  };

  let redrawing = Promise.resolve();
  const news = (revision) => { redrawing = redrawing.then(() => redraw(revision)).catch(() => {}); };

  let failures = 0;
  const listen = () => {
    const source = new EventSource(`${here}/events`);
    source.addEventListener("status", (event) => {
      failures = 0;
      if (event.lastEventId !== timeline().dataset.revision) news(event.lastEventId);
    });
    source.onerror = () => {
      failures += 1;
      if (failures >= 3 || source.readyState === EventSource.CLOSED) { source.close(); poll(); }
    };
  };
  const poll = () => {
    setTimeout(async () => {
      try {
        const answer = await fetch(here, { headers: { accept: "application/json" } });
        if (answer.status === 404) { location.reload(); return; }
        const status = await answer.json();
        if (status.state !== timeline().dataset.state || status.evidence.length !== document.querySelectorAll('[data-look="done"]').length) news(Number.MAX_SAFE_INTEGER);
        if (status.final) return;
      } catch {
        // Offline: ask again.
      }
      poll();
    }, 3000);
  };

  localTimes();
  elapsed();
  setInterval(elapsed, 1000);
  if (window.EventSource) listen(); else poll();
})();
