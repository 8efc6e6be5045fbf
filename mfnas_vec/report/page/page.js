"use strict";
// Sorting, filtering and the colour scheme; the page is complete without them.

const table = document.getElementById("comparison");
const body = table.tBodies[0];
const rows = Array.from(body.rows);

function valueOf(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value) return Number(cell.dataset.value);
  return cell.classList.contains("num") ? null : cell.textContent.trim();
}

// Unknown numbers are last in either order.
function sortBy(column, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  rows.sort((a, b) => {
    const x = valueOf(a, column);
    const y = valueOf(b, column);
    if (x === null || y === null) return (x === null) - (y === null);
    if (typeof x === "number") return sign * (x - y);
    return sign * x.localeCompare(y, "en", { numeric: true });
  });
  body.append(...rows);
  Array.from(table.tHead.rows[0].cells).forEach((head, i) => {
    if (i === column) head.setAttribute("aria-sort", direction);
    else head.removeAttribute("aria-sort");
  });
}

Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    sortBy(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
  });
});

const filter = document.getElementById("filter");
const problem = document.getElementById("problem");
const count = document.getElementById("count");

// A row is shown if it contains every word and is of the problem.
function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let n = 0;
  for (const row of rows) {
    // The title of the first cell is the whole label, which the cell may abbreviate.
    const text = `${row.textContent} ${row.cells[0].title}`.toLowerCase();
    const fits = words.every((word) => text.includes(word));
    row.hidden = !fits || (problem.value !== "" && row.dataset.problem !== problem.value);
    n += row.hidden ? 0 : 1;
  }
  count.textContent = `${n} of ${rows.length} rows`;
}

filter.addEventListener("input", show);
problem.addEventListener("change", show);
document.getElementById("tools").hidden = false;
show(); // browsers may restore the typed text when they reload a page

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
