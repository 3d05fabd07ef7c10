// The page of `edge-emotion run --web`: server-sent events in, the document out.
// Whatever comes from the server is put in as text, never as markup.

const BIN_S = 0.5;
const BINS = 180 / BIN_S; // three minutes
const MOST_ROWS = 12; // people remembered in the timelines
const MISSED_S = 0.5; // a card is dimmed when its face is away for so long
const GONE_S = 3; // and taken away
const LONGEST_PERIOD_S = 5;
const SILENT_S = 8;
const AGAIN_MS = 2000;
const UNSEEN_MS = 60_000; // after which the events are let go
const LIVE = "Live";
const STAGES = {
  read: "Wait for a frame", detect: "Find faces", keypoints: "Keypoints", emotion: "Emotion",
  analyze: "Whole analysis", write: "Hand on",
};
const LATIN = new TextDecoder("latin1");

const $ = (id) => document.getElementById(id);
const made = (id) => $(id).content.firstElementChild.cloneNode(true);
const seconds = () => performance.now() / 1000;
const retryMs = (answer) => 1000 * Number(answer?.headers.get("Retry-After")) || AGAIN_MS;
const percent = (part) => `${Math.round(100 * part)} %`;
const withPictures = document.body.dataset.pictures === "on";

function put(element, text) {
  if (element.textContent !== text) element.textContent = text; // so that alerts are told once
}

/* People: a card with five bars for each face in the picture. */

const people = new Map(); // by track_id
let present = new Set(); // who is in the latest frame
let period_s = 0; // between two frames that are told
let told_s = 0; // when the latest was

function showFrame({ readings }) {
  const interval_s = Math.min(seconds() - told_s, LONGEST_PERIOD_S);
  period_s += 0.2 * (interval_s - period_s);
  told_s = seconds();
  present = new Set(readings.map((reading) => reading.track_id));
  for (const reading of readings) {
    showPerson(reading);
    remember(reading);
  }
}

function card(reading) {
  const element = made("person");
  const id = `person-${reading.track_id}`;
  const heading = element.querySelector("h2");
  heading.id = id;
  element.setAttribute("aria-labelledby", id);
  put(heading, `Person ${reading.track_id}`);
  const bars = {};
  for (const emotion of Object.keys(reading.smoothed)) {
    const bar = made("bar");
    bar.dataset.emotion = emotion;
    bar.setAttribute("aria-label", emotion);
    put(bar.querySelector(".name"), emotion);
    bars[emotion] = { bar, fill: bar.querySelector(".fill"), value: bar.querySelector(".value") };
    element.querySelector(".bars").append(bar);
  }
  const next = [...people].filter(([other]) => other > reading.track_id).sort(([a], [b]) => a - b)[0];
  $("people").insertBefore(element, next ? next[1].element : null);
  return {
    element, bars,
    emotion: element.querySelector(".emotion"), certainty: element.querySelector(".certainty"),
  };
}

function showPerson(reading) {
  if (!people.has(reading.track_id)) people.set(reading.track_id, card(reading));
  const person = people.get(reading.track_id);
  person.seen_s = seconds();
  person.element.classList.remove("gone");
  put(person.emotion, reading.label ?? "Undecided");
  put(person.certainty, reading.label ? percent(reading.smoothed[reading.label]) : "");
  for (const [emotion, part] of Object.entries(reading.smoothed)) {
    const { bar, fill, value } = person.bars[emotion];
    fill.style.setProperty("--part", part);
    put(value, percent(part));
    bar.setAttribute("aria-valuenow", Math.round(100 * part));
    bar.setAttribute("aria-valuetext", percent(part));
  }
}

function forgetPeople() {
  for (const [id, { element, seen_s }] of people) {
    const away_s = present.has(id) && !trouble() ? 0 : seconds() - seen_s;
    element.classList.toggle("gone", away_s > MISSED_S);
    if (away_s > GONE_S) {
      element.remove();
      people.delete(id);
    }
  }
  const labels = [...people].map(([id, { emotion }]) => `Person ${id}: ${emotion.textContent}`);
  put($("spoken"), labels.join(", "));
  $("nobody").hidden = people.size > 0 || trouble() !== null;
}

/* Timelines: the probabilities of each person stacked, half a second a column. */

const timelines = new Map(); // by track_id: {row, canvas, columns}, the latest column last

function remember(reading) {
  const id = reading.track_id;
  if (!timelines.has(id)) {
    const row = made("row");
    put(row.querySelector("h3"), `Person ${id}`);
    $("rows").append(row);
    timelines.set(id, { row, canvas: row.querySelector("canvas"), columns: [] });
  }
  const { columns } = timelines.get(id);
  const bin = Math.floor(seconds() / BIN_S);
  if (columns.at(-1)?.bin !== bin) columns.push({ bin, count: 0, decided: 0, sums: {} });
  const column = columns.at(-1);
  column.count += 1;
  column.decided += reading.label !== null;
  for (const [emotion, part] of Object.entries(reading.smoothed)) {
    column.sums[emotion] = (column.sums[emotion] ?? 0) + part;
  }
}

function forgetTimelines() {
  const oldest = Math.floor(seconds() / BIN_S) - BINS;
  for (const [id, { columns }] of timelines) {
    while (columns.length && columns[0].bin <= oldest) columns.shift();
    if (!columns.length) forgetTimeline(id);
  }
  const latest = (id) => timelines.get(id).columns.at(-1).bin;
  const away = [...timelines.keys()].filter((id) => !present.has(id)).sort((a, b) => latest(a) - latest(b));
  away.slice(0, Math.max(0, timelines.size - MOST_ROWS)).forEach(forgetTimeline);
  [...timelines.values()].forEach(({ row }, place) => (row.hidden = place >= MOST_ROWS)); // in a crowd
  $("timelines").hidden = timelines.size === 0;
}

function forgetTimeline(id) {
  timelines.get(id).row.remove();
  timelines.delete(id);
}

function drawAll() {
  if (document.hidden) return;
  const style = getComputedStyle(document.body);
  const colors = {}; // looked up once, for each takes as long as a rectangle
  const color = (name) => (colors[name] ??= style.getPropertyValue(`--${name.toLowerCase()}`));
  for (const timeline of timelines.values()) if (!timeline.row.hidden) draw(timeline, color);
}

function draw({ row, canvas, columns }, color) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const paint = canvas.getContext("2d");
  const last = Math.floor(seconds() / BIN_S);
  paint.clearRect(0, 0, width, height);
  const told = {};
  const reach = Math.ceil((2 * period_s) / BIN_S); // a slow camera leaves no gaps
  const at = (bin) => Math.round(width * (1 - (last + 1 - bin) / BINS));
  for (const [place, { bin, count, decided, sums }] of columns.entries()) {
    const next = columns[place + 1]?.bin ?? last + 1;
    const left = at(bin);
    const right = at(next - bin <= reach ? next : bin + 1);
    const total = Object.values(sums).reduce((sum, part) => sum + part, 0) || 1;
    const shares = decided * 2 > count ? Object.entries(sums) : [["undecided", total]];
    let top = 0;
    for (const [name, sum] of shares) {
      const bottom = top + (sum / total) * height;
      paint.fillStyle = color(name);
      paint.fillRect(left, Math.round(top), right - left, Math.round(bottom) - Math.round(top));
      told[name] = (told[name] ?? 0) + sum / total / columns.length;
      top = bottom;
    }
  }
  const most = Object.entries(told).sort(([, a], [, b]) => b - a)[0];
  const name = row.querySelector("h3").textContent;
  canvas.setAttribute("aria-label", most ? `${name}: ${most[0]} for ${percent(most[1])} of the time` : name);
}

/* How the run goes. */

let connected = false, ended = false, full = false, vitals = null;

function figure(term, value, unit) {
  const entry = document.createElement("div");
  const [dt, dd, small] = ["dt", "dd", "small"].map((tag) => document.createElement(tag));
  put(dt, term);
  put(small, ` ${unit}`);
  dd.append(value, small);
  entry.append(dt, dd);
  return entry;
}

function showVitals() {
  put($("camera"), vitals.camera);
  put($("fps"), `${vitals.fps.toFixed(1)} frames/s`);
  put($("dropped"), vitals.dropped.toLocaleString("en"));
  $("temperature").hidden = vitals.temperature_c === null;
  put($("temperature").lastElementChild, `${(vitals.temperature_c ?? 0).toFixed(0)} °C`);
  const stages = Object.entries(vitals.stages);
  $("stages").replaceChildren(
    ...stages.map(([name, { p50_ms }]) => figure(STAGES[name] ?? name, p50_ms.toFixed(2), "ms")),
  );
  $("places").replaceChildren(...vitals.ran_on.map((place) => {
    const item = document.createElement("li");
    put(item, place);
    return item;
  }));
  $("run").hidden = stages.length === 0;
}

function trouble() {
  if (ended) return ["The run has ended", "This page goes on by itself when it is started again."];
  if (full) return ["Too many are watching", "This page goes on when one leaves."];
  if (!connected) return ["No connection to the device", "Trying again …"];
  if (!vitals) return null;
  if (vitals.trouble) return ["The camera is lost", vitals.trouble];
  if (vitals.since_frame_s === null) return ["Waiting for the first frame", vitals.camera];
  if (vitals.failing) return ["No frames come", vitals.camera];
  if (refused) return ["Too many are watching", "The numbers are live; the picture follows when one leaves."];
  return null;
}

function showState() {
  const [title, text] = trouble() ?? [LIVE, ""];
  const fine = title === LIVE;
  $("stage").classList.toggle("dim", !fine);
  $("state").dataset.fine = fine ? "yes" : "no";
  put($("state"), title);
  $("banner").hidden = fine;
  put($("banner").firstElementChild, fine ? "" : title);
  put($("banner").lastElementChild, text);
}

/* The picture.  An <img> would do for MJPEG, but does not tell when its stream has broken off. */

let watching = null, refused = false;

function look() { // none is asked for while nobody sees it
  const wanted = withPictures && connected && !document.hidden;
  if (wanted && !watching) watch();
  if (!wanted) watching?.abort();
}

async function watch() {
  watching = new AbortController();
  let answer = null;
  try {
    answer = await showPictures(watching.signal);
  } catch {
    // broken off, or not wanted any more
  }
  watching.abort(); // an answer that was not read to its end would keep its seat
  watching = null;
  setTimeout(look, retryMs(answer));
}

async function showPictures(signal) {
  const width = Math.max(1, 2 * $("stage").clientWidth); // a phone needs no large ones
  const answer = await fetch(`stream.mjpg?width=${width}`, { signal });
  refused = answer.status === 503;
  if (!answer.ok) return answer;
  const reader = answer.body.getReader();
  let received = new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return answer;
    const { jpeg, rest } = latestPart(joined(received, value));
    received = rest;
    if (jpeg) await showPicture(jpeg); // what comes meanwhile waits on the way
  }
}

function latestPart(received) {
  for (let jpeg = null; ; ) {
    const head = /Content-Length: (\d+)\r\n\r\n/.exec(LATIN.decode(received.subarray(0, 256)));
    const start = head ? head.index + head[0].length : 0;
    const end = start + Number(head?.[1]);
    if (!head || received.length < end) return { jpeg, rest: received };
    jpeg = received.subarray(start, end);
    received = received.subarray(end);
  }
}

async function showPicture(jpeg) {
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  const picture = $("picture");
  [picture.width, picture.height] = [bitmap.width, bitmap.height];
  picture.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/* The connection. */

let heard_s = 0; // when an event came last
let source = null; // none while nobody has looked for a while
let leave = 0, again = 0; // timers

document.addEventListener("visibilitychange", () => {
  clearTimeout(leave);
  if (document.hidden) leave = setTimeout(hangUp, UNSEEN_MS);
  else if (!source) connect();
  look();
});

function hangUp() {
  source?.close();
  source = null;
  connected = false;
  look();
}

function connect() {
  clearTimeout(again);
  source = new EventSource("api/events?brief");
  const on = (name, take) => source.addEventListener(name, (event) => {
    heard_s = seconds();
    take(JSON.parse(event.data));
    showState();
  });
  source.onopen = () => {
    if (ended) forgetAll(); // another run's Person 1 is somebody else
    [connected, ended, full, heard_s] = [true, false, false, seconds()];
    look();
    showState();
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) askWhy(); // it was answered, but refused
    else connectAgain();
  };
  on("reading", showFrame);
  on("vitals", (latest) => {
    if (latest.frames < vitals?.frames) forgetAll();
    vitals = latest;
    showVitals();
  });
  on("end", () => {
    ended = true;
    connectAgain();
  });
}

function connectAgain(after_ms = AGAIN_MS) {
  hangUp();
  showState();
  again = setTimeout(() => document.hidden || connect(), after_ms);
}

async function askWhy() {
  const answer = await fetch("api/events", { method: "HEAD" }).catch(() => null);
  if (answer?.status === 401) location.reload();
  full = answer?.status === 503;
  connectAgain(retryMs(answer));
}

function forgetAll() {
  for (const { element } of people.values()) element.remove();
  people.clear();
  [...timelines.keys()].forEach(forgetTimeline);
}

setInterval(() => {
  if (connected && seconds() - heard_s > SILENT_S) connectAgain(); // a network may go without a word
  forgetPeople();
  forgetTimelines();
  drawAll();
}, 1000 * BIN_S);
addEventListener("resize", drawAll);
forgetTimelines();
$("run").hidden = true;
connect();
