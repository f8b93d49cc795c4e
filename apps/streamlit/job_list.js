export default function ({ data, parentElement }) {
  const list = parentElement.querySelector(".jobs");
  list.setAttribute("aria-label", data.label);
  while (list.children.length > data.jobs.length) list.lastElementChild.remove();
  while (list.children.length < data.jobs.length) list.append(makeRow());
  data.jobs.forEach((job, place) => drawRow(list.children[place].firstElementChild, job));
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function makeRow() {
  const name = make("span", "name", make("span", "task"), make("span", "id"));
  const row = make("a", "job toned", make("span", "badge"), name, make("span", "message"), makeProgress(), make("span", "age"));
  row.target = "_self";
  return make("li", "", row);
}

function makeProgress() {
  const bar = make("span", "bar", make("span", "fill"));
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  return make("span", "progress", bar, make("span", "percent"));
}

// Only what differs is touched, so that the focus and a screen reader's place survive a refresh.
function drawRow(row, job) {
  if (row.getAttribute("href") !== job.href) row.setAttribute("href", job.href);
  row.dataset.status = job.status;
  write(row, "badge", job.word);
  write(row, "task", job.task);
  write(row, "id", job.job_id);
  write(row, "message", job.message);
  drawProgress(row, job);
  write(row, "age", job.age);
}

// Nobody knows how far a job is whose total is unknown: then there is neither a bar nor a percent.
function drawProgress(row, job) {
  const bar = row.querySelector(".bar");
  const known = job.percent !== null;
  bar.hidden = !known;
  bar.firstElementChild.style.width = `${job.percent ?? 0}%`;
  bar.setAttribute("aria-label", `Progress of ${job.task} ${job.job_id}`);
  bar.setAttribute("aria-valuenow", job.percent ?? 0);
  write(row, "percent", known ? `${job.percent} %` : "");
}

function write(row, name, text) {
  const element = row.querySelector(`.${name}`);
  if (element.textContent !== text) element.textContent = text;
}
