const WORDS = {
  queued: "Queued",
  started: "Started",
  running: "Running",
  paused: "Paused",
  canceled: "Canceled",
  failed: "Failed",
  finished: "Finished",
};

const UNITS = [
  [86400, "d", 3600, "h"],
  [3600, "h", 60, "min"],
  [60, "min", 1, "s"],
];

// How much longer than twice its pace a page may be without news: as long as it waits for an answer.
const PATIENCE_S = 5;
const NO_SERVER = "The server of this page does not answer either.";
const timers = new WeakMap();

// The narrowest that a fact is set in.
const FACT_EM = 8.5;

export default function ({ data, parentElement }) {
  const card = parentElement.querySelector(".card");
  const find = (name) => card.querySelector(`.${name}`);
  fill(find("notices"), data.notices, makeNotice, (item, text) => write(item, text));
  find("job").hidden = !data.job_id;
  if (!data.job_id) return;

  if (card.dataset.job !== data.job_id) {
    // Where the page is too narrow for a form and its job side by side, a job that was just submitted is out of sight.
    card.dataset.job = data.job_id;
    requestAnimationFrame(() => card.scrollIntoView({ block: "nearest" }));
  }
  card.dataset.status = data.status;
  write(find("heading"), data.heading);
  write(find("job-id"), data.job_id);
  write(find("message"), data.message);
  write(find("percent"), data.percent === null ? "" : `${data.percent} %`);
  drawBar(find("main"), `Progress of ${data.heading}`, data.percent, WORDS[data.status]);
  fill(find("bars"), data.bars, makeNested, drawNested);
  drawAsked(find("asked"), data.asked);
  drawEnd(find, data);
  const facts = [...data.facts, ...data.times.map((time) => ({ label: time.label, value: local(time.at) }))];
  fill(find("facts"), facts, makeFact, drawFact);
  layOut(find("facts"));
  keepLaidOut(find("facts"));
  speak(card, find("spoken"), data);
  return watchSilence(card, find, data);
}

// Says how old the card is once the API, or the server of this page, does not answer; returns what ends the watch.
function watchSilence(card, find, data) {
  const answeredAt = Date.now() - data.age_s * 1000;
  const drawnAt = Date.now();
  const dueAt = Date.now() + (data.next_s * 2 + PATIENCE_S) * 1000;
  const look = () => {
    const overdue = data.next_s !== null && Date.now() > dueAt;
    const aged = overdue || data.problem !== "";
    const age = duration((Date.now() - answeredAt) / 1000);
    card.toggleAttribute("data-aged", aged);
    write(find("badge"), WORDS[data.status] + (aged ? `, seen ${age} ago` : ""));
    find("away").hidden = !aged;
    write(find("away"), aged ? silence(local(answeredAt), age, overdue ? NO_SERVER : data.problem) : "");
    if (data.still_s !== null && !aged) writeFact(find("facts"), "Paused for", duration(data.still_s + (Date.now() - drawnAt) / 1000));
    if (overdue) document.title = data.silent_title;
  };
  clearInterval(timers.get(card));
  look();
  if (data.next_s !== null) timers.set(card, setInterval(look, 1000));
  return () => clearInterval(timers.get(card));
}

function silence(since, age, why) {
  const sentence = why.charAt(0).toUpperCase() + why.slice(1);
  return `The API has not answered since ${since}, ${age} ago. What is shown is from then; this page goes on asking. ${sentence}`;
}

// As headway.quantities.duration says it.
function duration(seconds) {
  const whole = Math.round(seconds);
  for (const [size, unit, partSize, part] of UNITS) {
    const rest = Math.floor((whole % size) / partSize);
    if (whole >= size) return `${Math.floor(whole / size)} ${unit}` + (rest ? ` ${rest} ${part}` : "");
  }
  return `${whole} s`;
}

// Only what differs is touched, so that a selection, the focus and a screen reader's place survive a refresh.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function fill(list, items, make, draw) {
  while (list.children.length > items.length) list.lastElementChild.remove();
  while (list.children.length < items.length) list.append(make());
  items.forEach((item, place) => draw(list.children[place], item));
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function makeNotice() {
  return make("li", "notice");
}

function makeNested() {
  const bar = make("div", "bar", make("div", "fill"));
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  return make("li", "nested", make("span", "name"), make("span", "count"), bar);
}

function drawNested(item, bar) {
  item.style.setProperty("--depth", bar.depth);
  write(item.children[0], bar.name);
  write(item.children[1], bar.count);
  drawBar(item.children[2], bar.name, bar.percent, bar.count);
}

function drawBar(bar, name, percent, said) {
  bar.setAttribute("aria-label", name);
  bar.classList.toggle("unknown", percent === null);
  bar.firstElementChild.style.width = percent === null ? "" : `${percent}%`;
  if (percent === null) {
    bar.removeAttribute("aria-valuenow");
    bar.setAttribute("aria-valuetext", `${said}, total unknown`);
  } else {
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-valuetext", `${percent} %, ${said}`);
  }
}

function drawAsked(line, asked) {
  line.hidden = !asked;
  if (!asked) return;
  const at = asked.at ? ` at ${local(asked.at)}` : "";
  const answer = asked.acknowledged_at ? `acknowledged at ${local(asked.acknowledged_at)}` : "not acknowledged yet";
  write(line, `${asked.words}${at}, ${answer}.`);
}

function drawEnd(find, data) {
  const failed = data.status === "failed";
  const reason = failed ? data.error?.detail || "No reason was given." : "";
  find("canceled").hidden = data.status !== "canceled";
  find("error").hidden = !failed;
  write(find("last-words"), data.last_words);
  write(find("error-detail"), reason);
}

function makeFact() {
  return make("div", "fact", make("dt", ""), make("dd", ""));
}

function drawFact(item, fact) {
  write(item.children[0], fact.label);
  write(item.children[1], fact.value);
}

function writeFact(list, label, value) {
  const item = [...list.children].find((fact) => fact.children[0].textContent === label);
  if (item) write(item.children[1], value);
}

// As many columns as have room, then as few as the same rows need. Rows differ by one at most, so that
// from three columns on none has a fact alone.
function layOut(list) {
  const { columnGap, fontSize } = getComputedStyle(list);
  const gap = parseFloat(columnGap);
  const room = Math.max(1, Math.floor((list.clientWidth + gap) / (FACT_EM * parseFloat(fontSize) + gap)));
  const count = list.children.length;
  const rows = Math.ceil(count / room);
  const columns = Math.ceil(count / rows);
  const fullRows = count - rows * (columns - 1);
  const starts = new Set();
  for (let row = 0, place = 0; row < rows; row += 1) {
    starts.add(place);
    place += row < fullRows ? columns : columns - 1;
  }
  list.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  [...list.children].forEach((item, place) => (item.style.gridColumnStart = starts.has(place) ? "1" : ""));
}

function keepLaidOut(list) {
  if (list.dataset.watched) return;
  list.dataset.watched = "yes";
  let width = list.clientWidth;
  new ResizeObserver(() => {
    if (list.clientWidth === width) return;
    width = list.clientWidth;
    requestAnimationFrame(() => layOut(list));
  }).observe(list);
}

function local(at) {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const today = time.toDateString() === new Date().toDateString();
  // As the other pages say it, whatever is usual where the reader is.
  const clock = { timeStyle: "medium", hourCycle: "h23" };
  return today ? time.toLocaleTimeString(undefined, clock) : time.toLocaleString(undefined, { dateStyle: "medium", ...clock });
}

// A screen reader hears changes of state and quarter steps, not every percent.
function speak(card, spoken, data) {
  const quarter = Math.floor((data.percent ?? 0) / 25) * 25;
  const step = `${data.status} ${quarter}`;
  const first = card.dataset.spoken === undefined;
  if (card.dataset.spoken === step) return;
  card.dataset.spoken = step;
  if (!first) write(spoken, `${data.heading}: ${WORDS[data.status]}, ${data.percent ?? 0} %`);
}
