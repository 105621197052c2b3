"use strict";
(() => {
  const form = document.getElementById("filter");
  const places = [...document.querySelectorAll(".place")].map((node) => ({
    node,
    severity: node.dataset.severity,
    code: node.dataset.code,
    file: node.dataset.file,
    collections: JSON.parse(node.dataset.collections),
    isNew: node.dataset.new === "yes",
    text: "",
  }));
  const issues = [...document.querySelectorAll(".issue")];
  const shown = document.getElementById("shown");
  const names = ["rule", "collection", "file", "words"];

  function wanted() {
    const data = new FormData(form);
    return {
      severities: new Set(data.getAll("severity")),
      rule: data.get("rule"),
      collection: data.get("collection"),
      file: data.get("file"),
      words: (data.get("words") || "").trim().toLowerCase(),
      onlyNew: data.get("new") === "yes",
    };
  }

  function fits(place, want) {
    if (!want.severities.has(place.severity)) return false;
    if (want.rule && want.rule !== place.code) return false;
    if (want.file && want.file !== place.file) return false;
    if (want.collection && !place.collections.includes(want.collection)) return false;
    if (want.onlyNew && !place.isNew) return false;
    if (!want.words) return true;
    place.text ||= place.node.textContent.toLowerCase();
    return place.text.includes(want.words);
  }

  function apply() {
    const want = wanted();
    const left = new Set();
    let count = 0;
    for (const place of places) {
      const fit = fits(place, want);
      place.node.hidden = !fit;
      if (fit) {
        count += 1;
        left.add(place.node.dataset.issue);
      }
    }
    for (const issue of issues) issue.hidden = !left.has(issue.dataset.issue);
    shown.value = `${count} of ${places.length} shown`;
  }

  // The filter is a part of the address, so that it can be sent to somebody
  function remember() {
    const data = new URLSearchParams();
    const off = [...form.elements.severity].filter((box) => !box.checked);
    if (off.length) data.set("without", off.map((box) => box.value).join(","));
    for (const name of names) if (form.elements[name].value) data.set(name, form.elements[name].value);
    const hash = data.toString();
    history.replaceState(null, "", hash ? `#?${hash}` : location.pathname + location.search);
  }

  function recall() {
    if (!location.hash.startsWith("#?")) return;
    const data = new URLSearchParams(location.hash.slice(2));
    const off = (data.get("without") || "").split(",");
    for (const box of form.elements.severity) box.checked = !off.includes(box.value);
    for (const name of names) form.elements[name].value = data.get(name) || "";
  }

  // A link to a place that is filtered away or closed has to lead there nevertheless
  function follow() {
    const target = location.hash.startsWith("#?") ? null : document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.hidden || target.closest("[hidden]")) {
      form.reset();
      apply();
    }
    if (target.matches("details")) target.open = true;
    settle(target, 40);
  }

  // What comes into sight on the way gets its true height only then, and moves the target
  function settle(target, frames) {
    const before = target.getBoundingClientRect().top;
    target.scrollIntoView();
    const moved = Math.abs(target.getBoundingClientRect().top - before) > 1;
    if (frames > 0 && (moved || frames > 35)) requestAnimationFrame(() => settle(target, frames - 1));
  }

  form.addEventListener("input", () => {
    apply();
    remember();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    apply();
    remember();
  }));
  addEventListener("hashchange", () => {
    recall();
    apply();
    follow();
  });
  addEventListener("beforeprint", () => {
    for (const place of places) place.node.open = true;
  });
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.of).textContent);
      button.textContent = "Copied";
    });
  }
  recall();
  apply();
  follow();
})();
