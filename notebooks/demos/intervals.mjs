// A page's timer, begun when it is opened. What each function returns is what React calls when the page is left.

let asked = 0;

export function leaky(url) {
  setInterval(() => ask(url), 50);
  return () => {};
}

export function tidy(url) {
  const timer = setInterval(() => ask(url), 50);
  return () => clearInterval(timer);
}

function ask(url) {
  asked += 1;
  fetch(url).catch(() => {});
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// node intervals.mjs leaky|tidy URL: open the page and leave it, five times; how often is still asked in the second after?
const [, , name, url] = process.argv;
const opened = { leaky, tidy }[name];
for (let visit = 0; visit < 5; visit += 1) {
  const leave = opened(url);
  await wait(100);
  leave();
}
asked = 0;
await wait(1000);
process.stdout.write(`${asked}\n`);
process.exit(0);
