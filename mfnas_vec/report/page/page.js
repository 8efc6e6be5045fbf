// Sorting and filtering; the page is complete without them.

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
