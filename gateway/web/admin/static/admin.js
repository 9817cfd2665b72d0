// Keeps parts of a page fresh, counts down cooldowns, asks before what cannot be undone. Everything works without it.
"use strict";

const parts = [...document.querySelectorAll("[data-refresh]")];

// Somebody who is about to press a button in a part, or reads further down in it, is not interrupted.
function inUse(part) {
  const at = document.activeElement;
  return document.hidden || (part.contains(at) && at.matches("button, input, select, summary, a")) ||
    part.querySelector("details[open], form.busy");
}

async function refresh(part) {
  if (inUse(part)) return;
  let answer;
  try {
    answer = await fetch(part.dataset.refresh, { headers: { "X-Refresh": "1" }, cache: "no-store" });
  } catch {
    part.classList.add("stale");
    return;
  }
  if (answer.status === 401) {
    location.reload();
    return;
  }
  part.classList.toggle("stale", !answer.ok);
  if (!answer.ok) return;
  const text = await answer.text();
  if (inUse(part) || text === part.lastText) return;
  const focused = part.contains(document.activeElement);
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.lastText = text;
  part.innerHTML = text;
  const boxes = [...part.querySelectorAll(".scroll")];
  boxes.forEach((each, n) => { each.scrollLeft = scrolled[n] || 0; });
  if (focused && boxes[0]) boxes[0].focus({ preventScroll: true });
}

async function keepFresh(part) {
  for (;;) {
    await new Promise((done) => setTimeout(done, Number(part.dataset.every) * 1000));
    await refresh(part);
  }
}
parts.forEach(keepFresh);

function left(seconds) {
  const whole = Math.max(Math.round(seconds), 0);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

// The gateway tells how long still, not until when: the two clocks need not agree.
const ends = new WeakMap();

setInterval(() => {
  for (const each of document.querySelectorAll("[data-left]")) {
    if (!ends.has(each)) ends.set(each, performance.now() + Number(each.dataset.left) * 1000 - 1000);
    each.textContent = left((ends.get(each) - performance.now()) / 1000);
  }
}, 1000);

document.addEventListener("submit", (event) => {
  const question = event.submitter && event.submitter.dataset.confirm;
  if (question && !confirm(question)) {
    event.preventDefault();
    return;
  }
  if (event.target.method !== "post") return;
  if (event.target.classList.contains("busy")) {
    event.preventDefault();
    return;
  }
  event.target.classList.add("busy");
  if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
});

// A page that comes back from the browser's cache is as it was left.
addEventListener("pageshow", () => {
  document.querySelectorAll("form.busy").forEach((each) => each.classList.remove("busy"));
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submits]");
  if (form) form.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
  }
});
