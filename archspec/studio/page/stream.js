/** A worker that all tabs of a browser share: one stream of events for all, each told what concerns it. */

const KINDS = ["alive", "tabs", "disk", "runs"];
/** Milliseconds in which tabs that come and go together make one new stream. */
const TOGETHER = 30;

/** By the id of each tab. @type {Map<string, {port: MessagePort, path: string, name: string}>} */
const tabs = new Map();
/** Those that are open, the newest last: one is closed once a newer is heard, so that nothing is missed in between. */
let streams = [];
let timer = 0;

self.onconnect = ({ports: [port]}) => {
  port.onmessage = ({data: {tab, path, name}}) => {
    if (!tabs.has(tab)) navigator.locks.request(tab, () => left(tab)); // which is had when the tab is gone
    tabs.set(tab, {port, path, name});
    changed();
  };
};

/** @param {string} tab */
function left(tab) {
  tabs.delete(tab);
  changed();
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(listen, TOGETHER);
}

function listen() {
  if (!tabs.size) {
    for (const each of streams.splice(0)) each.close();
    return;
  }
  const query = new URLSearchParams(),
    asked = new Map(tabs);
  for (const [tab, {path, name}] of asked) for (const pair of Object.entries({tab, path, name})) query.append(...pair);
  const made = new EventSource(`events?${query}`);
  streams.push(made);
  for (const kind of KINDS) {
    made.addEventListener(kind, (event) => {
      for (const each of streams.splice(0, streams.indexOf(made))) each.close();
      tell(asked, kind, JSON.parse(event.data));
    });
  }
  made.addEventListener("error", () => tell(asked, "error", {}));
}

/** Tells those that are meant, unless they ask for something else by now. @param {typeof tabs} asked @param {string} kind */
function tell(asked, kind, data) {
  for (const [tab, about] of asked) {
    if ((data.tab ?? tab) === tab && tabs.get(tab) === about) about.port.postMessage({kind, data});
  }
}
