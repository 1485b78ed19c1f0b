// The queue reloads itself without this. With it: only what changed is redrawn, what has the keyboard keeps it, and the
// arrow keys walk from the search through the rows.
"use strict";
(() => {
  const queue = () => document.getElementById("queue");
  const policy = window.trustedTypes ? trustedTypes.createPolicy("passback", { createHTML: (text) => text }) : { createHTML: (text) => text };

  // Nobody pressed anything: this keeps no session alive.
  const byItself = { headers: { "x-passback-by-itself": "1" }, redirect: "manual" };

  const redraw = async () => {
    const answer = await fetch(location.href, { ...byItself, headers: { ...byItself.headers, accept: "text/html" } });
    if (!answer.ok) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html").getElementById("queue");
    if (fresh) Idiomorph.morph(queue(), document.importNode(fresh, true), { restoreFocus: true });
  };
  const look = async () => {
    try {
      const answer = await fetch("/helpdesk/change", byItself);
      // Signed out: what stood here is for nobody who comes by.
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (answer.ok && await answer.text() !== queue().dataset.change) await redraw();
    } catch {
      // Offline: ask again.
    }
    setTimeout(look, 2000);
  };
  if (queue().dataset.live === "true") setTimeout(look, 2000);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const search = document.getElementById("q");
    const stops = [search, ...document.querySelectorAll(".queue li > a")];
    const at = stops.indexOf(document.activeElement);
    if (at < 0) return;
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { next.focus(); event.preventDefault(); }
  });
})();
