// A page that waits for something reloads itself without this only when its reader does. With it: a number is asked for
// every two seconds, and when it is another, what changed is redrawn in place; what somebody types stays. A form that
// decides is never replaced under the finger: its button waits until its reader has seen that the case has changed.
"use strict";
(() => {
  const live = () => document.getElementById("live");
  if (!live()) return;
  const policy = window.trustedTypes ? trustedTypes.createPolicy("passback", { createHTML: (text) => text }) : { createHTML: (text) => text };
  // Nobody pressed anything: this keeps no session alive.
  const byItself = { headers: { "x-passback-by-itself": "1" }, redirect: "manual" };

  // The forms that decide, by where they send to, with what they would send. Empty while a form can do nothing.
  const decisions = (within) => new Map([...within.querySelectorAll("form[data-decides]")].map((form) => {
    const hidden = [...form.querySelectorAll("input[type=hidden]")].map((field) => [field.name, field.value]);
    const to = hidden.filter(([name]) => name === "to");
    return [form.getAttribute("action") + to, form.dataset.decides === "ready" ? form.textContent.trim() + hidden : ""];
  }));
  let mustReview = false;
  const holdButtons = () => {
    for (const button of live().querySelectorAll("form[data-decides] button")) button.disabled = mustReview;
    const notice = document.getElementById("changed");
    if (!notice) return;
    notice.hidden = !mustReview;
    notice.querySelector("button").onclick = () => {
      mustReview = false;
      holdButtons();
      document.getElementById("decide")?.scrollIntoView();
    };
  };

  const redraw = async () => {
    const answer = await fetch(location.pathname, { ...byItself, headers: { ...byItself.headers, accept: "text/html" } });
    if (!answer.ok) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html").getElementById("live");
    if (!fresh) return;
    const [before, after] = [decisions(live()), decisions(fresh)];
    mustReview ||= [...before].some(([at, value]) => value && after.has(at) && after.get(at) !== value);
    Idiomorph.morph(live(), document.importNode(fresh, true), { restoreFocus: true, ignoreActiveValue: true });
    if (mustReview) holdButtons();
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
