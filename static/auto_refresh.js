// A page that waits for something reloads itself without this only when its reader does. With it: a number is asked for
// every two seconds, and when it is another, what changed is redrawn in place; what somebody types stays.
"use strict";
(() => {
  const live = () => document.getElementById("live");
  if (!live()) return;
  const policy = window.trustedTypes ? trustedTypes.createPolicy("passback", { createHTML: (text) => text }) : { createHTML: (text) => text };
  // Nobody pressed anything: this keeps no session alive.
  const byItself = { headers: { "x-passback-by-itself": "1" }, redirect: "manual" };

  const redraw = async () => {
    const answer = await fetch(location.pathname, { ...byItself, headers: { ...byItself.headers, accept: "text/html" } });
    if (!answer.ok) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html").getElementById("live");
    if (fresh) Idiomorph.morph(live(), document.importNode(fresh, true), { restoreFocus: true, ignoreActiveValue: true });
  };
  const look = async () => {
    try {
      const answer = await fetch(live().dataset.changeAt, byItself);
      // Signed out: what stood here is for nobody who comes by.
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (answer.ok && await answer.text() !== live().dataset.change) await redraw();
    } catch {
      // Offline: ask again.
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
})();
