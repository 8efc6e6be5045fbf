"use strict";
// The colour scheme and hints; pages are complete without them.

// Say of tables that are wider than the window that they scroll.
function showHints() {
  document.querySelectorAll(".scroll").forEach((region) => {
    const before = region.previousElementSibling;
    const hint = before && before.classList.contains("hint") ? before : document.createElement("p");
    hint.className = "hint";
    hint.textContent = "Scroll sideways for more columns →";
    const wide = region.querySelector("table") && region.scrollWidth > region.clientWidth + 1;
    if (wide && hint !== before) region.before(hint);
    if (!wide && hint === before) hint.remove();
  });
}
window.addEventListener("resize", showHints);
document.querySelectorAll("details").forEach((part) => part.addEventListener("toggle", showHints));
showHints();

const scheme = document.getElementById("scheme");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.scheme;
  return chosen ? chosen === "dark" : prefersDark.matches;
}

function showScheme() {
  scheme.setAttribute("aria-pressed", String(isDark()));
}

scheme.addEventListener("click", () => {
  document.documentElement.dataset.scheme = isDark() ? "light" : "dark";
  showScheme();
});
prefersDark.addEventListener("change", showScheme);
scheme.hidden = false;
showScheme();

// When printing, everything is open.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
});

