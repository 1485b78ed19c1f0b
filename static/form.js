// The form works without this. With it: rules are judged while somebody types, the password can be shown, and time
// running out is told.
"use strict";
(() => {
  const form = document.getElementById("reset-form");
  const password = document.getElementById("password");
  const again = document.getElementById("again");
  const rules = document.getElementById("rules");
  if (!form || !password || !rules) return;

  const show = (standings) => {
    for (const [code, standing] of Object.entries(standings)) {
      const row = rules.querySelector(`[data-rule="${CSS.escape(code)}"]`);
      if (!row || row.dataset.standing === standing) continue;
      row.dataset.standing = standing;
      row.querySelector(".standing").textContent = `(${rules.dataset[standing]})`;
    }
  };

  let waiting;
  let newest = 0;
  const check = async () => {
    const mine = ++newest;
    try {
      const answer = await fetch("/reset/check", { method: "POST", body: new URLSearchParams({ password: password.value }) });
      const said = answer.ok ? await answer.json() : null;
      if (said && mine === newest) show(said.rules);
    } catch {
      // Offline: the rules are judged again when the form is sent.
    }
  };
  password.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(check, 150);
  });

  const phrase = document.getElementById("phrase");
  if (phrase) {
    document.querySelector("[data-offer]").hidden = false;
    const told = document.getElementById("phrase-used");
    document.getElementById("phrase-use").addEventListener("click", () => {
      password.value = again.value = phrase.textContent;
      told.textContent = told.dataset.text;
      check();
    });
    document.getElementById("phrase-other").addEventListener("click", async () => {
      try {
        const answer = await fetch("/reset/check", { method: "POST", body: new URLSearchParams({ password: "", phrase: "1" }) });
        const fresh = answer.ok ? (await answer.json()).phrase : null;
        if (fresh) { phrase.textContent = fresh; told.textContent = ""; }
      } catch {
        // Offline: the one that is shown stays.
      }
    });
  }

  const reveal = document.querySelector("[data-reveal]");
  reveal.hidden = false;
  reveal.addEventListener("click", () => {
    const shown = password.type === "text";
    password.type = again.type = shown ? "password" : "text";
    reveal.textContent = shown ? reveal.dataset.show : reveal.dataset.hide;
    reveal.setAttribute("aria-pressed", String(!shown));
  });
  // Hidden again before it is sent, so that no browser keeps it as ordinary text.
  form.addEventListener("submit", () => { password.type = again.type = "password"; });

  const until = document.getElementById("until");
  const end = new Date(until.getAttribute("datetime"));
  until.textContent = end.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const soon = document.getElementById("soon");
  const left = () => { if (end - Date.now() < 120000) soon.hidden = false; };
  left();
  setInterval(left, 5000);
})();
