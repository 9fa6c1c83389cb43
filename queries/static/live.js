// Search as you type, and numbers that follow a running crawl. Every page works without it.
"use strict";

const show = (place, address) =>
  fetch(address, { credentials: "same-origin" }).then(async (answer) => {
    if (answer.ok) place.innerHTML = await answer.text(); // of this server, escaped there; no script runs in it
  });

for (const form of document.querySelectorAll("form[data-live]")) {
  const place = document.getElementById(form.dataset.live);
  let waiting = 0;
  let asked = 0;
  const ask = async () => {
    const given = [...new FormData(form)].filter(([, value]) => value.trim());
    const query = new URLSearchParams(given);
    history.replaceState(null, "", `${form.action}?${query}`);
    query.set("part", "results");
    const mine = ++asked;
    const answer = await fetch(`${form.action}?${query}`, { credentials: "same-origin" });
    const page = await answer.text();
    if (mine === asked && answer.ok) place.innerHTML = page; // a later question has overtaken an earlier one
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask().catch(() => {}), 180);
  };
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    soon();
  });
}

for (const place of document.querySelectorAll("[data-fresh]")) {
  setInterval(() => {
    if (!document.hidden) show(place, place.dataset.fresh).catch(() => {});
  }, 3000);
}
