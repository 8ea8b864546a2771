// What the page says, in English, and how another language is looked up. Words with `{name}` are
// filled in.

import { details, ja } from "./words.ja.js";

/** English, which stands in for what another language lacks. */
export const en = {
  skip: "Skip to content",
  views: "Views",
  status: "Status",
  graph: "Graph",
  rows: "Rows",
  alerts: "Alerts",
  query: "Query",
  topics: "Topics",
  theme: "Light or dark",
  connecting: "Connecting",
  open: "Connected",
  waiting: "Waiting for rows",
  waitingIn: "Reconnecting in {n} s",
  waitingFor: "{reason} · reconnecting in {n} s",
  again: "Now",
  seconds: "{n} s",
  minutes: "{n} min",
  hours: "{n} h",
  days: "{n} d",
  watermark: "Watermark",
  behind: "{age} behind the clock",
  rowsIn: "Rows in",
  stale: "Stale",
  clients: "Clients",
  refused: "This listener wants its token.",
  signIn: "Sign in",
  unreachable: "The server did not answer.",
  filter: "Filter",
  pause: "Pause",
  resume: "Resume",
  noTopics: "This sink offers no topics.",
  noTopic: "There is no topic “{name}” here.",
  upsertAbout: "upsert · the newest row per {key}",
  appendAbout: "append · newest first",
  noMatch: "No row matches.",
  noRows: "No rows.",
  rowsHeld: "{n} rows",
  rowsNewest: "the newest {n} of {all} rows",
  rowsShown: "{n} shown",
  rowsSince: "{n} since paused",
  restarted: "The run began anew: older rows are below",
  gap: "Gap: {n} rows ({first} to {last}) did not come, this page was too slow or away",
  gaps: "gaps: {n}",
  nodes: "Nodes",
  node: "Node",
  rate: "Rate",
  queue: "Queue",
  pickNode: "Pick a node to see its figures, what it reads and who reads it.",
  allNodes: "← All nodes",
  noNode: "There is no such node.",
  source: "Source",
  table: "Table",
  sink: "Sink",
  alert: "Alert",
  rule: "Rule",
  llm: "Model",
  stream: "Stream",
  zoomIn: "Larger",
  zoomOut: "Smaller",
  fit: "All of it",
  lagShort: "{lag} behind",
  queueShort: "{n} queued",
  badShort: "{n} bad",
  waitsShort: "waits for {name}",
  perSecond: "{n}/s",
  reads: "Reads",
  readBy: "Read by",
  liveRows: "Live rows",
  computed: "How it is computed",
  rowsPerSecond: "Rate",
  rowsTaken: "Rows in",
  rowsGiven: "Rows out",
  eventTime: "Event time",
  lag: "Behind the clock",
  of: "{n} of {all}",
  state: "State",
  busy: "Busy",
  late: "Late rows",
  bad: "Bad rows",
  unassigned: "Outside sessions",
  failures: "Failures",
  waitsFor: "Waits for",
  leftOut: "Alerts left out",
  calls: "Calls",
  perCall: "Time per call",
  fuelPerCall: "Fuel per call",
  traps: "Failed calls",
  skipped: "Rows skipped",
  firstReason: "Why the first bad row was put aside",
  sql: "SQL",
  run: "Run",
  ctrlEnter: "Ctrl-Enter",
  csv: "Download CSV",
  result: "Result",
  history: "History",
  noHistory: "Queries of this page stand here until it is closed.",
  selectAll: "SELECT *",
  running: "Running",
  answered: "{n} rows in {ms} ms",
  queriesClosed: 'Queries are closed: this listener has auth = "public-read", so everybody may read the topics and nobody may query. With auth = { token_env = "…" } those who know the token may.',
  queriesNone: "This listener answers no queries.",
  noAlerts: "No topic “alerts” here",
  noAlertsWhy: "Alerts and rules of a pipeline are one stream, “alerts”. Declare one, and name the stream in the sink's “from”:",
  quiet: "No alerts so far.",
  info: "info",
  watch: "watch",
  high: "high",
  critical: "critical",
  openState: "begins",
  updateState: "goes on",
  clearState: "is over",
  value: "Value",
  baseline: "Before",
  threshold: "Threshold",
  more: "{n} more",
};

const LANGUAGES = { en, ja };

/** The language of the page. */
export function language() {
  return document.documentElement.lang;
}

export function setLanguage(code) {
  document.documentElement.lang = code;
}

/** What a node is, as the server says it in English, in the language of the page. */
export function kindOf({ kind, detail }, between = " · ") {
  const known = language() === "ja" ? details[detail] : undefined;
  return `${t(kind)}${between}${known ?? detail}`;
}

/** A word in the language of the page; what has no translation stays as it is. */
export function t(word, values = {}) {
  const text = LANGUAGES[language()]?.[word] ?? en[word] ?? word;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
