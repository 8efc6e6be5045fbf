"use strict";
// Sorting, filtering and the colour scheme; the page reads well without.

const table = document.getElementById("comparison");
const body = table.tBodies[0];
const rows = Array.from(body.rows);

function valueOf(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value) return Number(cell.dataset.value);
  return cell.classList.contains("num") ? null : cell.textContent.trim();
}

// Unknown numbers stand last, whichever way the table is sorted.
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

// A row is shown if it has every word, and is of the problem.
function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let n = 0;
  for (const row of rows) {
    // The whole label stands in the title: names of settings are found, too.
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
show(); // browsers may keep what was typed when a page is loaded again

const scheme = document.getElementById("scheme");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.scheme;
  return chosen ? chosen === "dark" : prefersDark.matches;
}

function tellScheme() {
  scheme.setAttribute("aria-pressed", String(isDark()));
}

scheme.addEventListener("click", () => {
  document.documentElement.dataset.scheme = isDark() ? "light" : "dark";
  tellScheme();
});
prefersDark.addEventListener("change", tellScheme);
scheme.hidden = false;
tellScheme();

// On paper everything is open.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
});
