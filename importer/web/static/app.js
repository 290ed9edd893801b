// The local page. It keeps nothing of its own: every number is asked of the server, which asks the files and the journal,
// so a reload, the back button and a second tab need no special care. Text from files and from HubSpot reaches the
// document only as text nodes (see `el`), never as markup.

// ---------------------------------------------------------------------------------------------------------- texts

const numbers = new Intl.NumberFormat("en-US");
const dates = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const n = (value) => numbers.format(value);
const plural = (count, one, many = `${one}s`) => `${n(count)} ${count === 1 ? one : many}`;
const verbs = { link: "link", unlink: "unlink", undo: "undo" };

const TRIAL_ROWS = 5;

const TEXT = {
  product: "Importer for HubSpot",
  steps: ["Upload", "Columns", "Check", "Run", "Results"],
  stepsLabel: "Steps",
  noAnswer:
    "The importer does not answer. It may have been stopped: start “importer web” again in the terminal and open the address it prints. Nothing is lost.",
  unexpected: (status) => `The importer answered with an unexpected error (${status}).`,
  notFound: "There is no such page.",
  home: "Go to the first step",
  cancel: "Cancel",
  back: "Back",

  account: {
    sandbox: "Sandbox",
    sandboxHint: "A simulated HubSpot. Nothing leaves this computer.",
    newRunsHint: "For new runs only.",
    none: "No account",
    noneHint: "No access token was found. Connect an account, or try everything in the sandbox.",
    named: (account) => `Account ${account.id}`,
    label: "HubSpot account",
    details: (account) => [account.domain, TEXT.account.types[account.type] ?? account.type?.toLowerCase()].filter(Boolean).join(", "),
    types: { STANDARD: "production", SANDBOX: "HubSpot sandbox", DEVELOPER_TEST: "developer test account", APP_DEVELOPER: "app developer account" },
    unknown: "Account unknown",
    typed: (last4) => `token ending in ${last4}`,
    connect: "Connect an account",
    change: "Change account",
    token: "HubSpot access token",
    tokenHint: "A service key or private app token. It stays in memory until the importer is stopped, and is never shown again.",
    submit: "Connect",
    configured: "Use the configured token",
    sandboxButton: "Use the sandbox",
  },

  upload: {
    lead: "Link HubSpot records to each other from a spreadsheet. Nothing is sent before you have seen what would happen.",
    field: "Spreadsheet",
    hint: "CSV, Excel or OpenDocument, with one row for each pair of records. Choose a file, or drop it here.",
    next: "Continue",
    sample: "Try it with sample data",
    missing: "Choose a spreadsheet first.",
    several: "Drop one file at a time.",
    tooLarge: (limit) => `This file is larger than ${size(limit)}, the limit of this page. The command line has no such limit.`,
    chosen: (file) => `${file.name}, ${size(file.size)}`,
    progress: "Upload",
    done: (sent, total) => `${size(sent)} of ${size(total)} uploaded`,
    reading: "Uploaded. Reading the file…",
    cancelled: "The upload was cancelled. Nothing was kept.",
  },

  runs: {
    title: "Runs",
    empty: "No runs yet. Runs that you start here or from the command line will be listed here.",
    open: "Open",
    states: {
      running: "Running", unfinished: "Unfinished", finished: "Finished", unreadable: "Unreadable", refused: "Refused, nothing was sent", undone: "Undone",
      partlyUndone: "Undone in part",
    },
    needYou: (bad) => `Finished; ${n(bad)} ${bad === 1 ? "needs" : "need"} you`,
    operations: { link: "Link", unlink: "Unlink", undo: "Undo" },
    retry: { link: "Retry", unlink: "Retry of an unlink" },
    more: (count) => `Show ${plural(count, "more run")}`,
    rows: (rows) => plural(rows, "row"),
    sandbox: "sandbox",
    uploads: "Uploaded, not sent yet",
    uploadsContinue: "Continue",
    uploadsDelete: "Delete",
    deleted: (name) => `${name} is deleted.`,
  },

  columns: {
    reading: "Reading the file…",
    sentence: (from, to, operation) =>
      operation === "unlink"
        ? ["This file removes the links from ", from, " to ", to, "."]
        : ["This file links ", from, " to ", to, "."],
    incomplete: "Choose the two columns that hold the records to link.",
    notYet: "This file cannot be checked yet; the message below says what is missing.",
    lookupHint: "Cells that hold email addresses, domains or another property instead of record ids can be used too: choose it under “From cells hold” or “To cells hold”.",
    suggested: "This file does not have the ids of both records, so it is set to look records up in HubSpot as you see below. Change that if it is not what you want.",
    remembered: (labels) =>
      `The columns are set as for your last file with the same headers${labels ? `, also the label “${labels.join("”, “")}”` : ""}.`,
    fromLegend: "Each row links this record…",
    toLegend: "…to this one",
    from: "Link from",
    to: "Link to",
    notChosen: "Choose a column",
    notUsed: "None",
    column: (column) => `${column.letter} · ${column.name || "(no header)"} (${samples(column.samples)})`,
    columnShort: (column) => `${column.letter} · ${column.name || "(no header)"}`,
    noSamples: "empty",
    fromType: "From object type",
    toType: "To object type",
    typeGroup: "Object types",
    typeByColumn: "Given in a column",
    typeUnknown: "Choose a type",
    other: "Other…",
    otherType: (side) => `Other object type (${side})`,
    otherTypeHint: "A name, or an id such as 2-1234567",
    fromBy: "From cells hold",
    toBy: "To cells hold",
    ids: "Record ids",
    lookupGroup: "A property that identifies the record",
    otherProperty: (side) => `Other property (${side})`,
    otherPropertyHint: "Its internal name in HubSpot",
    file: "How the file was read",
    format: (data) =>
      [data.format, data.rows === null ? null : data.rows === 0 ? TEXT.columns.noRows : `${data.rows_estimated ? "about " : ""}${plural(data.rows, "row")}`, size(data.size)]
        .filter(Boolean)
        .join(" · "),
    noRows: "no rows",
    encoding: "Encoding",
    delimiter: "Delimiter",
    sheet: "Sheet",
    detect: "Detect",
    headerRow: "Header row",
    noHeader: "The file has no header row",
    preview: (name) => `First rows of ${name}`,
    row: "Row",
    more: "More options",
    operation: "What to do",
    link: "Link the records",
    unlink: "Remove their links",
    labels: "Association labels",
    labelsHint: "Separated by semicolons; leave empty for none",
    labelColumn: "Column with labels",
    labelMode: "Existing labels",
    labelAdd: "Keep, add these",
    labelReplace: "Replace with these",
    allowBlank: "Rows with an empty id cell have nothing to link (they are not wrong)",
    visibleOnly: "Read only the rows that a filter shows",
    check: "Check",
  },

  check: {
    nothingSent: "Nothing has been sent yet.",
    running: (rows) => (rows ? `Checking: ${plural(rows, "row")} read…` : "Checking…"),
    again: "Check again",
    rows: "Rows",
    pairs: { link: "Pairs to link", unlink: "Pairs to unlink" },
    duplicates: "Duplicates",
    blank: "Nothing to link",
    invalid: "Rows to correct",
    already: "Already linked",
    problems: (rows) => (rows === 1 ? "1 row needs a correction" : `${n(rows)} rows need a correction`),
    noProblems: "Every row can be sent.",
    noRows: "The file has no rows.",
    labelsOpen: "Every row can be read. Whether the labels exist is checked when HubSpot is asked.",
    allCorrected: "Every row is corrected.",
    intro: "Correct a cell here and it is judged at once; your file stays as it is. Rows that you leave as they are will not be sent.",
    group: (count) => plural(count, "row"),
    cell: (row, column) => `Row ${row}, ${column}`,
    wholeRow: (row) => `Row ${row}`,
    inFile: "Correct this row in your spreadsheet and upload it again.",
    corrected: (original) => `Corrected. ${wasText(original)}`,
    notLookedUp: (original) => `Not looked up in HubSpot yet. ${wasText(original)}`,
    announceNotLookedUp: (row) => `Row ${row}: not looked up in HubSpot yet.`,
    otherColumn: (name) => `This cell is fine. “${name}” of the same row still needs a correction.`,
    judging: "Judging…",
    restore: "Use the original",
    show: (count) => `Show ${plural(count, "more row")}`,
    corrections: "Your corrections",
    correction: (edit) => `“${edit.original}” is now “${edit.text}”`,
    announceFixed: (row) => `Row ${row} is fine now.`,
    announceWrong: (row, message) => `Row ${row}: ${message}`,
    allowEmpty: "If such rows have nothing to link, choose that under “More options” on the step Columns.",
    costs: "What it takes",
    cost: (costs, day) =>
      `${costs.reads ? `About ${plural(costs.calls, "call")} (${n(costs.reads)} of them reads)` : plural(costs.calls, "call")}, about ${duration(costs.minutes * 60)}${day}.`,
    day: (share) => `, ${percent(share)} of the account’s daily calls`,
    ask: "Ask HubSpot what is already linked",
    asked: (linked, pairs) => `HubSpot was asked: ${n(linked)} of ${plural(pairs, "pair")} are already linked and will not be sent again.`,
    label: (label) => `${label.text}: ${plural(label.pairs, "pair")}`,
    labelsTitle: "Labels",
    lookupTitle: "Looked up in HubSpot",
    lookup: (found) =>
      `${n(found.found)} of ${plural(found.values, "value")} found` +
      [["not_found", "not found"], ["ambiguous", "found more than once"], ["merged", "merged into another record"], ["not_read", "not looked up"]]
        .map(([key, words]) => (found[key] ? `, ${n(found[key])} ${words}` : "")).join("") + ".",
    mayMove: `These records may already have another primary record, which the label Primary would replace. “Ask HubSpot what is already linked” shows which would change.`,
    editedElsewhere: "A correction was made in another tab, so nothing was sent. The rows and numbers below now include it. Look at them, then press the button again.",
    changedElsewhere: "The settings of this file were changed in another tab, so nothing was sent. The rows and numbers below are up to date. Look at them, then press the button again.",
    primaries: (count) => `${plural(count, "primary company", "primary companies")} would change.`,
    will: (button, operation, account, sandbox) =>
      `This will ${verbs[operation]} ${plural(button.pairs, "pair")} in ${sandbox ? "the sandbox" : accountName(button.account, account)}.`,
    go: (button, operation) =>
      `${operation === "unlink" ? "Unlink" : "Link"} ${plural(button.pairs, "pair")}${button.account ? ` in account ${button.account}` : ""}`,
    first: "Try 5 rows first",
    nothing: "There is no pair to send. Correct the rows above, or choose other columns.",
    nothingInFile: "There is nothing to send. Choose another file, or another header row on the step Columns.",
    noAccount: "Connect an account or use the sandbox before anything can be sent.",
    ranAlready: "This file has already been sent.",
    ranUndone: "This file has already been sent, and that run was undone.",
    ranRefused: "A run of this file was refused before anything was sent. Open it to see why.",
    ranPartly: "This file has been sent in part, and its run is not finished. Open the run to continue. The buttons below start another run over the whole file.",
    openRun: "Open its run",
    starting: "Starting…",
  },

  run: {
    leads: {
      link: (name) => `Linking the records of ${name}.`,
      unlink: (name) => `Removing the links of ${name}.`,
      undo: (name) => `Undoing the run of ${name}.`,
    },
    otherTarget: (sentence) => `${sentence} To continue, retry or undo it, change the account at the top of the page.`,
    unfinished: (name) => `The run of ${name} is not finished.`,
    refused: (name) => `The run of ${name} was refused.`,
    afterRefusal: "Nothing has changed in HubSpot. Once the reason is out of the way, try again; or delete this run.",
    tryAgain: "Try again",
    starting: "Reading before the first call…",
    toConfirm: "Waiting for your confirmation.",
    progress: "Pairs done",
    done: (done, total) => `${n(done)} of ${plural(total, "pair")} done`,
    rate: (seconds) => `Calls in ${seconds} s`,
    rateValue: (calls, limit) => `${n(calls)} / ${n(limit)}`,
    left: "Time left",
    leftUnknown: "not known yet",
    retries: "Retries",
    limited: "Rate limit hits",
    latency: "Answer time",
    latencyValue: (p50) => `${n(p50)} ms`,
    pause: (pause) =>
      `${pause.reason}${pause.reason.endsWith("wait") ? "" : ": waiting"} ${n(Math.ceil(pause.seconds))} s; continuing at ${clock.format(new Date(pause.until))}.`,
    close: "You can close this page; the run continues. Come back any time.",
    stop: "Stop",
    stopping: "Stopping: waiting for calls in flight…",
    stopped: "The run has stopped. What is done stays done; the rest can be continued.",
    firstRows: (count) => `${count > TRIAL_ROWS ? `The first ${TRIAL_ROWS} rows are done, and ${plural(count - TRIAL_ROWS, "more row")} with the same pairs` : count === 1 ? "The first row is done" : `The first ${n(count)} rows are done`}. Look at them below, also in HubSpot, before you continue.`,
    continue: "Continue",
    continueRest: "Continue with the rest",
    confirmTitle: ({ number, removed }) => `${plural(number, removed === "labels" ? "label" : "link")} will be removed`,
    confirmText: (removed, already) =>
      `Type the number to confirm. ${already ? `The ${plural(already, "pair")} done before ${already === 1 ? "is" : "are"} not among the ${removed}.` : "Nothing has been removed yet."}`,
    confirmWrong: (typed, confirm) => `“${typed}” is not ${n(confirm.number)}, the number of ${confirm.removed} to remove. Nothing has been sent.`,
    notConfirmed: "The removal was not confirmed. Nothing more was removed.",
    discarded: "This removal was not confirmed. Nothing was removed, and its run was discarded.",
    confirmField: (removed) => `Number of ${removed} to remove`,
    confirmButton: (removed) => `Remove the ${removed}`,
    notices: "Messages of this run",
    lost: "No news from the importer. Trying again… If it was stopped, start “importer web” again; nothing is lost.",
  },

  results: {
    parent: "Open the earlier run",
    undone: "The numbers and rows here show how this run ended. Open the undo to see their state after it.",
    child: (operation) => (operation === "undo" ? "Open the undo" : "Open the retry"),
    retried: "Rows of this run were sent again by a retry. Their latest results are there.",
    ofRetry: "Only the rows that were sent again are here. The others are in the earlier run.",
    csv: "Download results (CSV)",
    xlsx: "Download results (XLSX)",
    failures: "Download failures",
    report: "Open report",
    downloads: "Downloads",
    preparing: "The results file is being written…",
    retry: "Retry failures",
    pressRetry: (isAtStart) => `${isAtStart ? "Press" : "press"} “${TEXT.results.retry}”`,
    another: "Start another import",
    howToCorrect: (canRetry) =>
      `Correct a cell in the table below and it is judged at once; your file stays as it is. ${canRetry ? "“Retry failures” sends corrected rows too." : "Then “Retry failures” appears, which sends the row."}`,
    notLookedUp: (original) => `Corrected; it is looked up in HubSpot when the row is sent. ${wasText(original)}`,
    correctedRows: (count) => `${plural(count, "corrected row")} will be sent by “Retry failures”.`,
    undo: "Undo this run",
    undoTitle: "Undo this run?",
    undoText: (count, unconfirmed) =>
      `This restores the earlier state of ${unconfirmed ? `up to ${plural(count, "pair")}; for ${n(unconfirmed)} of them, it is not known whether the run linked or removed them` : plural(count, "pair")}. Whatever others have changed since is left alone. Type ${count} to confirm.`,
    undoField: "Number of pairs",
    wrongNumber: (typed, number) => `${typed.trim() === "" ? "Nothing was typed" : `“${typed.trim()}” is not ${number}`}. Type ${number} to confirm, or cancel.`,
    command: "As a command",
    commandTitle: "The same from the command line",
    cronTitle: "Every night, as a crontab line",
    commandCorrections: "It does not include the cells that you corrected here. Correct them in the file as well.",
    copy: "Copy",
    copied: "Copied.",
    remove: "Delete this run",
    removeTitle: "Delete this run?",
    removeText: "Its journal, the uploaded file and their copies are deleted from this computer. HubSpot is not changed, and the run can no longer be undone.",
    removeButton: "Delete",
    rowsTitle: "Rows",
    outcome: "Outcome",
    all: (rows) => `All rows (${n(rows)})`,
    bad: (rows) => `Rows that need you (${n(rows)})`,
    search: "Search",
    row: "Row",
    what: "What happened",
    hubspot: "In HubSpot",
    fromRecord: "From",
    toRecord: "To",
    recordLabel: (side, row, pair) => `${side} record of row ${row}${pair ? `, pair ${pair},` : ""} in HubSpot`,
    details: "Details",
    was: (original) => `was “${original}”`,
    none: "No row matches.",
    previous: "Previous",
    next: "Next",
    page: (page, pages, total) => `Page ${n(page)} of ${n(pages)}, ${plural(total, "row")}`,
    pager: "Pages",
  },

  statuses: {
    linked: "linked",
    already_linked: "already linked",
    unlinked: "unlinked",
    not_linked: "nothing to remove",
    blank: "nothing to link",
    failed: "failed",
    invalid: "invalid",
    unconfirmed: "unconfirmed",
    not_sent: "not sent",
  },
  problemNames: { OTHER_PORTAL: "Record of another account", NOT_AN_ID: "Not a record id", AMBIGUOUS_SEPARATOR: "One id or several?", ERROR_VALUE: "Spreadsheet error", EMAIL: "Email instead of an id" },
};

const wasText = (original) => (original.trim() === "" ? "The cell was empty." : `It was “${original}”.`);

function size(bytes) {
  const units = ["bytes", "KB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)), 3);
  return power === 0 ? plural(bytes, "byte") : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function percent(share) {
  if (share > 0 && share < 0.0001) return "less than 0.01 %";
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 0)} %`;
}

function samples(texts) {
  const shown = texts.filter((text) => text.trim() !== "").map((text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text));
  return shown.length ? shown.join(", ") : TEXT.columns.noSamples;
}

function accountName(id, account) {
  const details = account ? TEXT.account.details(account) : "";
  return `account ${id}${details ? ` (${details})` : ""}`;
}

function problemName(code) {
  const words = code.toLowerCase().replaceAll("_", " ");
  return TEXT.problemNames[code] ?? capitalized(words);
}

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// ---------------------------------------------------------------------------------------------------------- elements

/** An element with attributes, `on…` listeners and children; strings become text nodes. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  fill(node, children);
  return node;
}

/** Fill a node again only if what it shows has changed, so that no control disappears under a finger. */
function refill(node, facts, draw) {
  const key = JSON.stringify(facts);
  if (node.dataset.shows === key) return;
  node.dataset.shows = key;
  const focused = node.contains(document.activeElement) ? document.activeElement.id : "";
  fill(node, draw());
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Replace what is in a node; children that are empty or false are left out, so that conditions can be written inline. */
function fill(node, children) {
  const kept = [children].flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
  node.replaceChildren(...kept);
}

const ICONS = {
  check: "M3 8.5l3.5 3.5L13 4.5",
  dash: "M3 8h10",
  cross: "M4 4l8 8M12 4l-8 8",
  alert: "M8 3v6.5M8 11.5v2",
  question: "M5.5 5.5a2.5 2.5 0 1 1 2.5 3v1.5M8 12v2",
  clock: "M8 2a6 6 0 1 0 .01 0M8 5v3.5l2 1.5",
  play: "M5 3l7 5-7 5z",
  back: "M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H6",
};

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Status → tone and icon, in the order of bars and legends. */
const STATUSES = {
  linked: ["good", "check"],
  unlinked: ["good", "check"],
  already_linked: ["neutral", "dash"],
  not_linked: ["neutral", "dash"],
  blank: ["neutral", "dash"],
  failed: ["bad", "cross"],
  invalid: ["bad", "alert"],
  unconfirmed: ["open", "question"],
  not_sent: ["open", "clock"],
};
const STATES = {
  running: ["good", "play"], unfinished: ["open", "clock"], finished: ["neutral", "check"], unreadable: ["bad", "alert"], refused: ["bad", "alert"], undone: ["neutral", "back"],
  partlyUndone: ["open", "back"],
};

const badge = ([tone, image], ...text) => el("span", { class: `badge ${tone}` }, icon(image), el("span", {}, ...text));
const button = (text, onclick, attributes = {}) => el("button", { type: "button", onclick, ...attributes }, text);
const option = (value, text, chosen) => el("option", { value, selected: String(value) === String(chosen ?? "") }, text);
const link = (text, path, attributes = {}) => el("a", { href: path, "data-route": true, ...attributes }, text);
const download = (text, path) => el("a", { class: "button", href: path, download: true }, text);
const warning = (...text) => el("p", { class: "note warning" }, ...text);
const info = (...text) => el("p", { class: "note info" }, ...text);

function field(id, label, control, hint) {
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", {}, el("label", { for: id }, label), control, hint && el("p", { class: "hint", id: `${id}-hint` }, hint));
}

function checkbox(id, label, checked, onchange) {
  return el("label", { class: "check" }, el("input", { type: "checkbox", id, checked, onchange }), el("span", {}, label));
}

function figures(...pairs) {
  return el("dl", { class: "figures" }, pairs.map(([name, value, tone]) => value !== null && el("div", {}, el("dt", {}, name), el("dd", { class: tone ?? "" }, value))));
}

/** A table inside a region that scrolls by itself and can be reached by keyboard. */
function table(label, head, body, attributes = {}) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, el("table", attributes, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

/** A table whose rows are blocks on a narrow screen, each cell with the name of its column; roles keep it a table. */
function blockTable(label, head, body) {
  const region = table(label, head, body, { class: "blocks", role: "table" });
  const roles = { thead: "rowgroup", tbody: "rowgroup", tr: "row", "thead th": "columnheader", "tbody th": "rowheader", td: "cell" };
  for (const [selector, role] of Object.entries(roles)) for (const node of region.querySelectorAll(selector)) node.setAttribute("role", role);
  const names = [...region.querySelectorAll("thead th")].map((cell) => cell.textContent);
  for (const row of region.querySelectorAll("tbody tr")) [...row.children].forEach((cell, index) => cell.setAttribute("data-name", names[index]));
  return region;
}

/** A bar of one coloured part per status; `total` is its whole length. */
function statusBar(label) {
  const parts = Object.fromEntries(Object.entries(STATUSES).map(([status, [tone]]) => [status, el("span", { class: tone })]));
  const bar = el("div", { class: "bar", "aria-label": label }, Object.values(parts));
  const legend = el("ul", { class: "legend" });
  const update = (counts, total) => {
    for (const [status, part] of Object.entries(parts)) part.style.width = `${total ? (100 * (counts[status] ?? 0)) / total : 0}%`;
    const shown = Object.keys(STATUSES).filter((status) => counts[status]);
    fill(legend, shown.map((status) => el("li", {}, badge(STATUSES[status], `${n(counts[status])} ${TEXT.statuses[status]}`))));
  };
  return { bar, legend, update };
}

/** Ask for confirmation; with `number`, it has to be typed. Resolves to true or false. */
function confirmDialog({ title, text, fieldLabel, number, action }) {
  return new Promise((resolve) => {
    const input = number === undefined ? null : el("input", { inputmode: "numeric", autocomplete: "off" });
    const go = el("button", { class: "primary", type: "submit" }, action);
    const wrong = el("p", { id: "dialog-wrong", class: "bad", role: "alert" });
    const form = el("form", { class: "stack", onsubmit: (event) => {
      event.preventDefault();
      if (input && input.value.replace(/[\s,.]/g, "") !== String(number)) {
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", wrong.id);
        wrong.textContent = TEXT.results.wrongNumber(input.value, number);
        input.focus();
      } else close(true);
    } },
      el("h2", { id: "dialog-title" }, title), el("p", {}, text), input && field("dialog-number", fieldLabel, input), input && wrong,
      el("div", { class: "actions" }, go, button(TEXT.cancel, () => close(false))));
    const dialog = el("dialog", { "aria-labelledby": "dialog-title", onclose: () => close(false) }, form);
    const close = (answer) => {
      resolve(answer);
      dialog.close(); // gives the focus back to where it was
      dialog.remove();
    };
    page.append(dialog);
    dialog.showModal();
  });
}

// ---------------------------------------------------------------------------------------------------------- server

class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function api(method, path, body, signal) {
  let response;
  try {
    const headers = method === "GET" ? {} : { "Content-Type": "application/json" };
    response = await fetch(path, { method, headers, signal, body: method === "GET" ? undefined : JSON.stringify(body ?? {}) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("NO_ANSWER", TEXT.noAnswer);
  }
  if (response.status === 204) return null;
  const data = await response.json().catch(() => null);
  signal?.throwIfAborted(); // the step was left while its answer arrived
  if (!response.ok) throw new ApiError(data?.code ?? "UNEXPECTED", data?.message ?? TEXT.unexpected(response.status));
  return data;
}

/** A function that ignores calls while one is in progress. */
function oneAtATime(action) {
  let running = null;
  return (...values) => {
    running ??= action(...values).finally(() => {
      running = null;
    });
    return running;
  };
}

/** Wait, unless the step is left meanwhile. */
const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", leave);
  });

/** Upload with progress; returns the request (to abort) and a promise of the import's id. */
function sendFile(file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.onerror = () => reject(new ApiError("NO_ANSWER", TEXT.noAnswer));
    request.onabort = () => reject(new ApiError("CANCELLED", TEXT.upload.cancelled));
    request.onload = () => {
      const data = request.response;
      if (request.status === 201) resolve(data.id);
      else reject(new ApiError(data?.code ?? "UNEXPECTED", data?.message ?? TEXT.unexpected(request.status)));
    };
  });
  const form = new FormData();
  form.append("file", file, file.name);
  request.open("POST", "/api/imports");
  request.responseType = "json";
  request.send(form);
  return { request, done };
}

// ---------------------------------------------------------------------------------------------------------- the frame

const page = document.getElementById("page");
const banner = el("div", {});
const stepList = el("nav", { class: "steps", "aria-label": TEXT.stepsLabel });
const main = el("main", {});
const status = el("p", { class: "visually-hidden", role: "status" });
let session = null;
let shownRun = null;
let controller = new AbortController();
let currentStep = null;

/** Put a text into the status region; with `gap`, not more often than every so many milliseconds. */
function announce(text, gap = 0) {
  const now = Date.now();
  if (now - (announce.last ?? 0) < gap || text === status.textContent) return;
  announce.last = now;
  status.textContent = text;
}

/** Begin a step: its card with the heading, which gets the focus, and a place for an error. */
function openStep(step, lead, links = {}) {
  const name = TEXT.steps[step];
  document.title = `${name} · ${TEXT.product}`;
  fill(stepList, el("ol", {}, TEXT.steps.map((text, index) => {
    if (index === step) return el("li", {}, el("span", { "aria-current": "step" }, text));
    return el("li", {}, index < step && links[index] ? link(text, links[index]) : text);
  })));
  const heading = el("h1", { tabindex: "-1", "aria-describedby": "lead" }, name);
  const alert = el("div", { role: "alert", class: "note warning", hidden: true });
  const leadNode = el("p", { class: "lead", id: "lead" }, lead);
  const body = el("div", { class: "stack" });
  fill(main, el("section", { class: "card stack" }, heading, leadNode, alert, body));
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  const fail = (error) => {
    if (error?.name === "AbortError") return;
    if (!(error instanceof ApiError)) console.error(error);
    alert.textContent = error?.message ? plain(error.message) : String(error);
    alert.hidden = false;
    alert.scrollIntoView({ block: "nearest" });
  };
  const calm = () => {
    alert.hidden = true;
    alert.textContent = "";
  };
  const inform = (text) => {
    leadNode.after(info(text));
    announce(text);
  };
  /** A button whose action runs once at a time, and shows how it failed. */
  const actionButton = (text, action, attributes = {}) => {
    const control = button(text, async () => {
      if (control.getAttribute("aria-disabled") === "true") return;
      control.setAttribute("aria-disabled", "true");
      calm();
      try {
        await action();
      } catch (error) {
        fail(error);
      } finally {
        control.removeAttribute("aria-disabled");
      }
    }, attributes);
    return control;
  };
  currentStep = { signal: controller.signal, fail, inform };
  return { body, lead: leadNode, fail, calm, actionButton };
}

function showBanner() {
  const words = TEXT.account;
  if (!session) return;
  const { mode, account, token } = session;
  const name = mode === "sandbox" ? words.sandbox : mode === "none" ? words.none : account ? words.named(account) : words.unknown;
  const details = [account && words.details(account), token?.last4 && words.typed(token.last4)].filter(Boolean).join(", ");
  // A run belongs to its own account, whatever the page is set to: until it is known, nothing is said about it.
  const isOther = shownRun ? shownRun.other_target : location.pathname.startsWith("/runs/");
  const hint = isOther ? words.newRunsHint : mode === "sandbox" ? words.sandboxHint : words.noneHint;
  const panel = accountPanel();
  panel.hidden = !(session.account_error || (mode === "none" && location.pathname === "/"));
  const toggle = session.is_sandbox_only ? null : button(mode === "account" ? words.change : words.connect, () => {
    panel.hidden = !panel.hidden;
    toggle.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) panel.querySelector("input").focus();
  }, { class: "plain", "aria-expanded": String(!panel.hidden), "aria-controls": "account-panel" });
  fill(banner, [
    el("header", { class: "top" }, link(TEXT.product, "/", { class: "brand" }),
      el("div", { class: "account", role: "group", "aria-label": words.label }, el("strong", {}, name),
        el("span", { class: "muted" }, mode === "account" && !(shownRun && isOther) ? details : hint), toggle)),
    mode === "account" && session.notice && !account?.id ? el("p", { class: "muted small" }, session.notice) : null,
    session.account_error ? el("p", { class: "note warning", role: "alert" }, session.account_error.message) : null,
    panel,
  ]);
}

function accountPanel() {
  const words = TEXT.account;
  const token = el("input", { type: "password", autocomplete: "off", spellcheck: "false" });
  const error = el("p", { role: "alert", class: "note warning", hidden: true });
  const send = oneAtATime(async (body) => {
    error.hidden = true;
    try {
      session = await api("POST", "/api/session", body);
      token.value = "";
      await show(location.pathname);
    } catch (failure) {
      error.textContent = failure.message;
      error.hidden = false;
    }
  });
  const change = (body) => (event) => {
    event.preventDefault();
    return send(body());
  };
  return el("form", { class: "card stack account-panel", id: "account-panel", "aria-label": words.connect, onsubmit: change(() => ({ token: token.value.trim() })) },
    field("token", words.token, token, words.tokenHint), error,
    el("div", { class: "row" }, el("button", { type: "submit" }, words.submit),
      session.mode !== "sandbox" && button(words.sandboxButton, change(() => ({ mode: "sandbox" }))),
      session.mode === "sandbox" && button(words.configured, change(() => ({ mode: "account" })))));
}

const ROUTES = [
  [/^\/$/, uploadStep],
  [/^\/imports\/([^/]+)\/columns$/, columnsStep],
  [/^\/imports\/([^/]+)\/check$/, checkStep],
  [/^\/runs\/([^/]+)$/, runStep],
];

async function show(path) {
  controller.abort();
  controller = new AbortController();
  const { signal } = controller;
  for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  status.textContent = "";
  shownRun = null;
  try {
    session = await api("GET", "/api/session", null, signal);
    showBanner();
    const [pattern, step] = ROUTES.find(([candidate]) => candidate.test(path)) ?? [];
    if (!step) throw new ApiError("NOT_FOUND", TEXT.notFound);
    await step(signal, ...path.match(pattern).slice(1));
  } catch (error) {
    if (error.name === "AbortError") return;
    if (currentStep?.signal === signal) return currentStep.fail(error);
    const step = openStep(0, "");
    step.fail(error);
    fill(step.body, link(TEXT.home, "/"));
  }
}

function go(path, replace = false) {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  return show(path);
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("a[data-route]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(target.getAttribute("href"));
});
window.addEventListener("popstate", () => show(location.pathname));

/** Wait for a run that is starting, then go to it. */
async function follow(start, signal, onMessage) {
  for (;;) {
    const state = await api("GET", `/api/starts/${start}`, null, signal);
    if (state.state === "failed") throw new ApiError(state.error.code, state.error.message);
    if (state.state === "started") return go(`/runs/${state.run_id}`);
    if (state.message) onMessage(state.message);
    await pause(300, signal);
  }
}

// ---------------------------------------------------------------------------------------------------------- 1 upload

async function uploadStep(signal) {
  const words = TEXT.upload;
  const step = openStep(0, words.lead);
  const input = el("input", { type: "file", id: "file" });
  const chosen = el("p", { class: "hint" });
  const progress = el("div", { hidden: true, class: "stack-small" });
  const drop = el("div", { class: "drop" }, el("label", { for: "file" }, words.field), el("p", { class: "hint", id: "file-hint" }, words.hint), input, chosen);
  input.setAttribute("aria-describedby", "file-hint");
  input.addEventListener("change", () => {
    chosen.textContent = input.files[0] ? words.chosen(input.files[0]) : "";
    announce(chosen.textContent);
  });
  acceptDrop(drop, input, step);

  const upload = async () => {
    const file = input.files[0];
    if (!file) {
      input.focus();
      throw new ApiError("NO_FILE", words.missing);
    }
    if (session.upload_limit && file.size > session.upload_limit) throw new ApiError("UPLOAD_TOO_LARGE", words.tooLarge(session.upload_limit));
    const part = el("span", { class: "good" });
    const bar = el("div", { class: "bar", role: "progressbar", "aria-label": words.progress, "aria-valuemin": "0", "aria-valuemax": "100" }, part);
    const text = el("p", { class: "muted" });
    const { request, done } = sendFile(file, (sent, total) => {
      part.style.width = `${(100 * sent) / total}%`;
      bar.setAttribute("aria-valuenow", String(Math.floor((100 * sent) / total)));
      text.textContent = sent < total ? words.done(sent, total) : words.reading;
      announce(text.textContent, 5000);
    });
    const cancel = () => request.abort();
    signal.addEventListener("abort", cancel);
    fill(progress, [bar, el("div", { class: "row" }, text, button(TEXT.cancel, cancel))]);
    progress.hidden = false;
    try {
      await go(`/imports/${await done}/columns`);
    } finally {
      signal.removeEventListener("abort", cancel);
      progress.hidden = true;
    }
  };
  const sample = async () => go(`/imports/${(await api("POST", "/api/imports/sample", {}, signal)).id}/columns`);
  fill(step.body, [drop, progress,
    el("div", { class: "actions" }, step.actionButton(words.next, upload, { class: "primary" }), step.actionButton(words.sample, sample))]);
  await listRuns(signal, step);
}

function acceptDrop(zone, input, step) {
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    step.calm();
    if (event.dataTransfer.files.length > 1) return step.fail(new ApiError("SEVERAL_FILES", TEXT.upload.several));
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
}

async function listRuns(signal, step) {
  const words = TEXT.runs;
  const [runs, imports] = await Promise.all([api("GET", "/api/runs", null, signal), api("GET", "/api/imports", null, signal)]);
  const waiting = imports.filter((item) => !item.run_id);
  const list = el("ul", { class: "list", "aria-labelledby": "runs-title" });
  let more = null;
  const showRuns = (count) => {
    fill(list, runs.slice(0, count).map(runItem));
    more?.remove();
  };
  if (runs.length > 20) more = button(words.more(runs.length - 20), () => showRuns(runs.length));
  main.append(el("section", { class: "card stack" }, el("h2", { id: "runs-title" }, words.title),
    runs.length ? list : el("p", { class: "muted" }, words.empty), more));
  showRuns(20);
  if (waiting.length) main.append(waitingImports(waiting, step));
}

function runItem(run) {
  const words = TEXT.runs;
  const counts = Object.keys(STATUSES).filter((status) => run.counts?.[status]).map((status) => `${n(run.counts[status])} ${TEXT.statuses[status]}`);
  const facts = [(run.parent && words.retry[run.operation]) || words.operations[run.operation], dates.format(new Date(run.created_at)), run.sandbox && words.sandbox,
    run.rows === null ? null : words.rows(run.rows), counts.join(", "), run.error, run.refused && plain(run.refused)].filter(Boolean);
  return el("li", {},
    el("div", { class: "grow" }, el("strong", { id: `run-${run.run_id}` }, run.source_name), el("p", { class: "muted small" }, facts.join(" · "))),
    stateBadge(run),
    run.state === "unreadable" ? null : link(words.open, `/runs/${run.run_id}`, { class: "button", "aria-describedby": `run-${run.run_id}` }));
}

/** The state of a run that was undone later; an undo that has not finished is listed with its own. */
const undoneState = (run) => ({ fully: "undone", partly: "partlyUndone", unknown: "partlyUndone" })[run.undone];

function stateBadge(run) {
  const words = TEXT.runs;
  const state = undoneState(run) ?? (run.refused ? "refused" : run.state);
  return state === "finished" && run.bad ? badge(["bad", "alert"], words.needYou(run.bad)) : badge(STATES[state], words.states[state]);
}

function waitingImports(imports, step) {
  const words = TEXT.runs;
  const section = el("section", { class: "card stack" }, el("h2", { id: "uploads-title" }, words.uploads),
    el("ul", { class: "list", "aria-labelledby": "uploads-title" }, imports.map((item) => {
      const remove = async () => {
        await api("DELETE", `/api/imports/${item.id}`);
        line.remove();
        if (!section.querySelector("li")) section.remove();
        announce(words.deleted(item.name));
      };
      const described = { "aria-describedby": `import-${item.id}` };
      const line = el("li", {},
        el("div", { class: "grow" }, el("strong", { id: `import-${item.id}` }, item.name), el("p", { class: "muted small" }, dates.format(new Date(item.created_at)))),
        link(words.uploadsContinue, `/imports/${item.id}/columns`, { class: "button", ...described }),
        step.actionButton(words.uploadsDelete, remove, { class: "plain", ...described }));
      return line;
    })));
  return section;
}

// ---------------------------------------------------------------------------------------------------------- 2 columns

async function columnsStep(signal, id) {
  const step = openStep(1, TEXT.columns.reading, { 0: "/" });
  const path = `/api/imports/${id}`;
  let data = await api("GET", path, null, signal);
  let saving = Promise.resolve();
  let latest = 0;
  let failures = 0;

  const patch = (change) => {
    const mine = ++latest;
    step.calm();
    saving = saving.then(async () => {
      const answer = await api("PATCH", path, change, signal);
      data = answer;
      if (mine === latest) draw(); // otherwise a later choice is still to be stored, and would be shown as taken back
    }).catch((error) => {
      failures++;
      if (mine === latest && error.name !== "AbortError") draw();
      step.fail(error);
    });
    return saving;
  };
  const read = (reading) => patch({ reading });
  const check = async () => {
    const before = failures;
    await saving;
    if (failures > before) return; // the last choice was not stored, as the step says
    if (!data.is_complete) {
      firstMissing(data)?.focus();
      throw new ApiError("INCOMPLETE", data.error ? TEXT.columns.notYet : TEXT.columns.incomplete);
    }
    await api("POST", `${path}/check`, { online: false }, signal);
    await go(`/imports/${id}/check`);
  };
  const draw = () => keepFocus(() => {
    fill(step.lead, columnsSentence(data));
    fill(step.body, [
      data.error && warning(plain(data.error.message), data.error.code === "NO_ID_COLUMN" && ` ${TEXT.columns.lookupHint}`),
      data.remembered && info(TEXT.columns.remembered(data.reading.labels)),
      data.suggested && info(TEXT.columns.suggested),
      data.warnings.map((text) => warning(plain(text))),
      el("div", { class: "sides" }, sideFields(data, "from", read), sideFields(data, "to", read)),
      fileFields(data, read),
      moreFields(data, patch, read),
      el("div", { class: "actions" }, step.actionButton(TEXT.columns.check, check, { class: "primary" }), link(TEXT.back, "/", { class: "button" })),
    ]);
  });
  draw();
}

/** The first control of the columns and types on which nothing is chosen yet. */
const firstMissing = (data) =>
  document.getElementById(["from", "to"].flatMap((side) => [
    data.roles[`${side}_object_id`] === undefined && `${side}-column`,
    !data[`${side}_type`] && data.roles[`${side}_object_type`] === undefined && `${side}-type`]).find(Boolean));

/** Redraw without losing the focus, a text that is being typed, or an open `details`. */
function keepFocus(draw) {
  const active = document.activeElement;
  const typed = active?.id && "defaultValue" in active && active.value !== active.defaultValue ? active.value : null;
  const open = [...document.querySelectorAll("details[open]")].map((node) => node.id);
  draw();
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const again = active?.id ? document.getElementById(active.id) : null;
  if (!again || again === active) return;
  if (typed !== null && "value" in again) again.value = typed;
  again.focus({ preventScroll: true });
}

function columnsSentence(data) {
  if (!data.is_complete) return TEXT.columns.incomplete;
  if (!data.from_type || !data.to_type) return data.sentence;
  const strong = (text) => el("strong", {}, text);
  return TEXT.columns.sentence(strong(data.from_type), strong(data.to_type), data.operation);
}

function sideFields(data, side, read) {
  const words = TEXT.columns;
  const role = `${side}_object_id`;
  const column = el("select", { onchange: () => read({ columns: { [role]: column.value === "" ? null : Number(column.value) } }) },
    option("", words.notChosen, data.roles[role]), data.columns.map((item) => option(item.index, words.column(item), data.roles[role])));
  return el("fieldset", { class: "stack" }, el("legend", {}, words[`${side}Legend`]),
    field(`${side}-column`, words[side], column, data.reasons[role]),
    typeField(data, side, read), identifierField(data, side, read));
}

/** A select whose choice “Other…” opens a field for a text; `choose` gets a value of the select, `type` a text. */
function openSelect(id, label, choices, choose, other) {
  const typed = el("input", { autocomplete: "off", onchange: () => typed.value.trim() && other.type(typed.value.trim()) });
  const typedField = field(other.id, other.label, typed, other.hint);
  typedField.hidden = true;
  const select = el("select", { onchange: () => {
    typedField.hidden = select.value !== "other";
    if (select.value === "other") typed.focus();
    else choose(select.value);
  } }, choices);
  return el("div", { class: "stack-small" }, field(id, label, select), typedField);
}

/** The choices of an open select: the known ones, the current one if it was typed, and “Other…”. */
const openChoices = (label, known, current) => el("optgroup", { label },
  known.map((item) => option(item.name, item.label, current)),
  current && !known.some((item) => item.name === current) && option(current, current, current),
  option("other", TEXT.columns.other, current));

function typeField(data, side, read) {
  const words = TEXT.columns;
  const role = `${side}_object_type`;
  const column = data.roles[role];
  const type = column === undefined ? data[`${side}_type`] ?? "" : "";
  const choose = (value) => {
    if (value.startsWith("column ")) return read({ [role]: null, columns: { [role]: Number(value.slice(7)) } });
    return read({ [role]: value || null, columns: { [role]: null } });
  };
  return openSelect(`${side}-type`, words[`${side}Type`], [
    column === undefined && type === "" && option("", words.typeUnknown, ""),
    openChoices(words.typeGroup, data.types, type),
    el("optgroup", { label: words.typeByColumn }, data.columns.map((item) => option(`column ${item.index}`, words.columnShort(item), `column ${column}`))),
  ], choose, { id: `${side}-other-type`, label: words.otherType(side), hint: words.otherTypeHint, type: (text) => read({ [role]: text }) });
}

function identifierField(data, side, read) {
  const words = TEXT.columns;
  const property = data[`${side}_by`] ?? "";
  const choose = (name) => read({ [`${side}_by`]: name || null });
  return openSelect(`${side}-by`, words[`${side}By`], [option("", words.ids, property), openChoices(words.lookupGroup, data.lookup, property)],
    choose, { id: `${side}-other-property`, label: words.otherProperty(side), hint: words.otherPropertyHint, type: choose });
}

function fileFields(data, read) {
  const words = TEXT.columns;
  // What was chosen can be changed, and taken back, also if the file cannot be read that way.
  const choose = (id, label, name, values, current) => {
    const select = el("select", { onchange: () => read({ [name]: select.value || null }) },
      (data.reading[name] || !current) && option("", words.detect, current ?? ""), values.map(([value, text]) => option(value, text, current)));
    return field(id, label, select);
  };
  const isText = Boolean(data.encoding) || (data.error && /\.(csv|tsv|tab|txt)$/i.test(data.name));
  const encoding = data.encoding ? data.encodings.find((name) => data.encoding.toLowerCase().includes(name)) ?? data.encoding // Shift_JIS (cp932)
    : data.reading.encoding ?? "";
  const delimiter = data.delimiter || (data.reading.delimiter ?? "");
  const sheets = data.sheets.length ? data.sheets : [data.reading.sheet].filter(Boolean);
  const encodings = data.encodings.includes(encoding) || !encoding ? data.encodings : [encoding, ...data.encodings];
  const header = el("input", { type: "number", min: "1", value: data.header_row ?? "", disabled: data.header_row === null && !data.error,
    onchange: () => read({ header_row: header.value ? Number(header.value) : null, no_header: null }) });
  return el("div", { class: "section stack" }, el("h2", {}, words.file), el("p", {}, words.format(data)),
    data.notes.map((text) => el("p", { class: "muted small" }, plain(text))),
    el("div", { class: "fields" },
      isText && choose("encoding", words.encoding, "encoding", encodings.map((name) => [name, name === encoding && data.encoding.includes("(") ? data.encoding : name.toUpperCase()]), encoding),
      isText && choose("delimiter", words.delimiter, "delimiter", data.delimiters.map((item) => [item.value, item.label]), delimiter),
      (sheets.length > 1 || data.reading.sheet) && choose("sheet", words.sheet, "sheet", sheets.map((name) => [name, name]), data.sheet || data.reading.sheet),
      field("header-row", words.headerRow, header)),
    checkbox("no-header", words.noHeader, Boolean(data.reading.no_header), (event) => read({ no_header: event.target.checked || null, header_row: null })),
    data.preview.length > 0 && previewTable(data));
}

function previewTable(data) {
  return table(TEXT.columns.preview(data.name),
    [el("th", { class: "number", scope: "col" }, TEXT.columns.row), data.columns.map((column) => el("th", { scope: "col" }, el("span", { class: "muted" }, `${column.letter} `), column.name))],
    data.preview.map((row) => el("tr", {}, el("th", { class: "number", scope: "row" }, row.name), row.cells.map((cell) => el("td", { class: "cell" }, cell)))));
}

function moreFields(data, patch, read) {
  const words = TEXT.columns;
  const labels = el("input", { value: (data.reading.labels ?? []).join("; "), autocomplete: "off", onchange: () => {
    const texts = labels.value.split(";").map((text) => text.trim()).filter(Boolean);
    read({ labels: texts.length ? texts : null });
  } });
  const labelColumn = el("select", { onchange: () => read({ columns: { label: labelColumn.value === "" ? null : Number(labelColumn.value) } }) },
    option("", words.notUsed, data.roles.label), data.columns.map((column) => option(column.index, words.columnShort(column), data.roles.label)));
  const mode = el("select", { onchange: () => patch({ label_mode: mode.value }) },
    option("add", words.labelAdd, data.label_mode), option("replace", words.labelReplace, data.label_mode));
  const radio = (value, text) => el("label", { class: "check" },
    el("input", { type: "radio", name: "operation", id: `operation-${value}`, value, checked: data.operation === value, onchange: () => patch({ operation: value }) }), el("span", {}, text));
  return el("details", { id: "more-options", class: "section", open: data.operation === "unlink" || Boolean(data.reading.labels) || data.roles.label !== undefined },
    el("summary", {}, words.more),
    el("div", { class: "stack" },
      el("fieldset", {}, el("legend", {}, words.operation), el("div", { class: "choice" }, radio("link", words.link), radio("unlink", words.unlink))),
      el("div", { class: "fields" }, field("labels", words.labels, labels, words.labelsHint), field("label-column", words.labelColumn, labelColumn), field("label-mode", words.labelMode, mode)),
      checkbox("allow-blank", words.allowBlank, Boolean(data.reading.allow_blank), (event) => read({ allow_blank: event.target.checked || null })),
      data.sheet && checkbox("visible-only", words.visibleOnly, Boolean(data.reading.visible_rows_only), (event) => read({ visible_rows_only: event.target.checked || null }))));
}

// ---------------------------------------------------------------------------------------------------------- 3 check

async function checkStep(signal, id) {
  const words = TEXT.check;
  const step = openStep(2, words.nothingSent, { 0: "/", 1: `/imports/${id}/columns` });
  const path = `/api/imports/${id}`;
  const source = await api("GET", path, null, signal);
  const earlier = source.run_id && (await api("GET", `/api/runs/${source.run_id}`, null, signal).catch((error) => {
    if (error.code !== "RUN_NOT_FOUND") throw error; // its removal was not confirmed, and it was just discarded
  }));
  if (earlier) {
    const ran = undoneState(earlier) ? words.ranUndone : earlier.refused ? words.ranRefused : earlier.state === "unfinished" ? words.ranPartly : words.ranAlready;
    fill(step.lead, [ran, " ", link(words.openRun, `/runs/${source.run_id}`)]);
  }
  const summary = el("div", { class: "stack" });
  const problems = el("div", { class: "section stack", hidden: true });
  const facts = el("div", { class: "section stack-small", hidden: true });
  const actions = el("div", { class: "stack" });
  fill(step.body, [summary, problems, facts, actions]);
  const sides = ["from", "to"].filter((side) => source[`${side}_by`]);
  const view = { signal, path, source, step, judging: new Set(), groups: null, polling: false, cells: new Map(), changedRows: new Set(),
    lookedUp: new Set(sides.map((side) => source.roles[`${side}_object_id`])), notLookedUp: words.notLookedUp };

  const update = (check) => {
    view.check = check;
    drawSummary(view, summary, check);
    if (check.report && view.problemsTitle) showCounts(view, check);
    problems.hidden = !check.report || !view.problemsTitle;
    drawFacts(view, facts, check);
    drawActions(view, actions, check);
  };
  const poll = async () => {
    let check = await api("GET", `${path}/check`, null, signal);
    for (;;) {
      const isNeeded = check.state === "none" || (check.stale && check.state === "done");
      if (isNeeded) check = await api("POST", `${path}/check`, { online: false }, signal);
      if (check.state !== "running") break;
      update(check);
      await pause(400, signal);
      check = await api("GET", `${path}/check`, null, signal);
    }
    update(check);
    if (!check.report) return;
    if (view.groups && check.state === "done") await showChangedRows(view);
    const drawn = new Set(view.groups?.map((group) => group.dataset.code));
    if (!view.groups || check.report.problems.some((problem) => !drawn.has(problem.code))) await drawProblems(view, problems, check);
  };
  /** Poll until the check of the whole file is done; once more if a cell was corrected meanwhile. */
  view.refresh = async () => {
    view.isOutdated = true;
    if (view.polling) return;
    view.polling = true;
    try {
      while (view.isOutdated) {
        view.isOutdated = false;
        await poll();
      }
    } finally {
      view.polling = false;
    }
  };
  view.ask = async (online) => {
    update(await api("POST", `${path}/check`, { online }, signal));
    view.groups = null;
    await view.refresh();
  };
  view.redraw = () => update(view.check);
  if (source.start) {
    summary.textContent = words.starting;
    await follow(source.start, signal, announce);
    return;
  }
  await view.refresh();
}

function drawSummary(view, node, check) {
  const words = TEXT.check;
  const report = check.report;
  const running = check.state === "running";
  if (running) announce(words.running(check.rows_read), 5000);
  fill(node, [
    running && !report && el("p", { class: "muted" }, words.running(check.rows_read)),
    check.state === "failed" && [warning(plain(check.error.message)), view.step.actionButton(words.again, () => view.ask(false))],
    report && figures(
      [words.rows, n(report.rows)],
      [words.pairs[view.source.operation], n(report.pairs)],
      [words.duplicates, n(report.duplicates)],
      [words.blank, report.blank ? n(report.blank) : null],
      [words.already, report.already_linked === null ? null : n(report.already_linked)],
      [words.invalid, n(report.invalid), report.invalid ? "bad" : ""]),
    report?.warnings.map((text) => warning(plain(text))),
    report?.notes.map((text) => el("p", { class: "muted small" }, plain(text))),
  ]);
}

function drawFacts(view, node, check) {
  const words = TEXT.check;
  const report = check.report;
  node.hidden = !report?.rows;
  if (node.hidden) return;
  const { costs } = report;
  const day = costs.daily_share === null || costs.daily_share === undefined ? "" : words.day(costs.daily_share);
  refill(node, report, () => [
    report.labels.length > 0 && [el("h2", {}, words.labelsTitle), el("ul", {}, report.labels.map((label) => el("li", {}, words.label(label))))],
    report.lookup && [el("h2", {}, words.lookupTitle), el("p", {}, words.lookup(report.lookup))],
    report.primaries_moving?.length > 0 && [warning(words.primaries(report.primaries_moving_total)),
      el("ul", { class: "small" }, report.primaries_moving.map((text) => el("li", {}, text)))],
    el("h2", {}, words.costs), el("p", {}, words.cost(costs, day)),
    report.already_linked !== null && el("p", {}, words.asked(report.already_linked, report.pairs)),
    !report.online && session.mode !== "none" && view.source.operation === "link" && el("p", {}, view.step.actionButton(words.ask, () => view.ask(true)))]);
}

function drawActions(view, node, check) {
  const words = TEXT.check;
  const { operation } = view.source;
  const waiting = check.state === "running" || view.judging.size > 0;
  const ready = check.button;
  const run = (first) => async () => {
    try {
      const { start } = await api("POST", `${view.path}/run`, { first_rows: first, pairs: ready.pairs, account: ready.account, sandbox: session.mode === "sandbox",
        key: check.key, run_id: view.source.run_id }, view.signal);
      announce(words.starting);
      await follow(start, view.signal, announce);
    } catch (error) {
      if (["ALREADY_STARTING", "RUN_BUSY"].includes(error.code)) return openOtherRun(view);
      if (error.code === "CHECK_OUTDATED") return reloadCheck(view, check);
      if (error.code === "ACCOUNT_CHANGED") view.refresh().catch(view.step.fail);
      throw error;
    }
  };
  const mayMove = operation === "link" && !check.report?.online && check.report?.labels.some((label) => label.text.trim().toLowerCase() === "primary");
  refill(node, [session.mode, waiting, ready, check.key, mayMove], () => {
    if (session.mode === "none") return info(words.noAccount);
    if (!ready && !waiting) return [];
    if (ready?.pairs === 0 && !waiting) return info(check.report.rows ? words.nothing : words.nothingInFile);
    const busy = waiting ? { "aria-disabled": "true" } : {};
    const start = view.step.actionButton(waiting ? words.running(0) : words.go(ready, operation), run(null), { class: "primary", id: "start", ...busy });
    const first = view.step.actionButton(words.first, run(TRIAL_ROWS), { id: "start-first", ...busy });
    return [mayMove && info(words.mayMove), !waiting && el("p", {}, words.will(ready, operation, check.account, session.mode === "sandbox")), el("div", { class: "actions" }, start, first)];
  });
}

/** Go to the run that another tab has started. */
async function openOtherRun(view) {
  const source = await api("GET", view.path, null, view.signal);
  if (source.start) return follow(source.start, view.signal, announce);
  await go(source.run_id ? `/runs/${source.run_id}` : location.pathname, !source.run_id);
}

/** Draw the step again after a change in another tab, and say that it was the reason. */
async function reloadCheck(view, before) {
  const now = await api("GET", `${view.path}/check`, null, view.signal);
  const isEdited = JSON.stringify(now.edits) !== JSON.stringify(before.edits);
  await show(location.pathname);
  currentStep.inform(isEdited ? TEXT.check.editedElsewhere : TEXT.check.changedElsewhere);
}

/** The number of rows to correct and those of the groups, from the same report. */
function showCounts(view, check) {
  view.problemsTitle.textContent = problemsTitle(check);
  const counts = Object.fromEntries(check.report.problems.map((problem) => [problem.code, problem.rows]));
  for (const group of view.groups ?? []) group.querySelector("h3 .muted").textContent = TEXT.check.group(counts[group.dataset.code] ?? 0);
}

/** Show what the check of the whole file found in rows that were corrected here: some of it depends on other rows or on HubSpot. */
async function showChangedRows(view) {
  const rows = [...view.changedRows];
  view.changedRows.clear();
  for (const number of rows) {
    const { row } = await api("GET", `${view.path}/rows/${number}`, null, view.signal);
    for (const [place, showRow] of view.cells) if (place.startsWith(`${number}:`)) showRow(row);
  }
}

async function drawProblems(view, node, check) {
  const words = TEXT.check;
  const { problems, invalid } = check.report;
  node.hidden = false;
  view.problemsTitle = el("h2", {}, problemsTitle(check));
  view.groups = await Promise.all(problems.map(async (problem) => problemGroup(view, problem, await problemPage(view, problem.code, 1))));
  const shown = new Set(view.groups.flatMap((group) => [...group.querySelectorAll(".fix")]).map((line) => line.dataset.cell));
  const kept = check.edits.filter((edit) => !shown.has(`${edit.row}:${edit.column}`));
  const corrections = kept.length > 0 && el("div", { class: "section stack-small" }, el("h3", {}, words.corrections),
    el("ul", { class: "list" }, kept.map((edit) => correctionItem(view, edit))));
  keepFocus(() => fill(node, [
    view.problemsTitle,
    invalid > 0 && el("p", { class: "muted" }, words.intro),
    el("ul", {}, view.groups),
    corrections]));
  showCounts(view, view.check);
}

function problemsTitle({ report, edits }) {
  if (!report.rows) return TEXT.check.noRows;
  if (report.invalid) return TEXT.check.problems(report.invalid);
  if (report.labels.length && !report.online) return TEXT.check.labelsOpen;
  return edits.length ? TEXT.check.allCorrected : TEXT.check.noProblems;
}

const problemPage = (view, code, number) =>
  api("GET", `${view.path}/problems?code=${encodeURIComponent(code)}&page=${number}`, null, view.signal);

/** One kind of problem: what to do, and its first rows, more on request. */
function problemGroup(view, problem, firstPage) {
  const words = TEXT.check;
  const list = el("ul", {});
  let loaded = firstPage;
  let waiting = [...firstPage.rows];
  let shown = 0;
  const showMore = async (count) => {
    if (!waiting.length && loaded.page < loaded.pages) {
      loaded = await problemPage(view, problem.code, loaded.page + 1);
      waiting = [...loaded.rows];
    }
    const rows = waiting.splice(0, count);
    shown += rows.length;
    const lines = rows.flatMap((row) => problemLines(view, row, problem.code));
    list.append(...lines);
    more.hidden = shown >= loaded.total;
    more.textContent = words.show(Math.min(loaded.total - shown, 25));
    return lines[0];
  };
  const more = view.step.actionButton("", async () => (await showMore(25))?.querySelector("input")?.focus());
  const advice = [...new Set(firstPage.rows.flatMap((row) => row.problems).filter((item) => item.code === problem.code).map((item) => item.advice))];
  showMore(5);
  return el("li", { class: "section stack-small", "data-code": problem.code },
    el("h3", {}, problemName(problem.code), " ", el("span", { class: "muted" }, words.group(problem.rows))),
    advice.length === 1 && el("p", { class: "small" }, adviceText(problem.code, advice[0])),
    list, more);
}

/** A text for people at the page: its buttons in place of commands, and no sentences about the command line. */
const withoutFlags = (text) => text.replace(/([Rr])un importer retry\b/g, (_, first) => TEXT.results.pressRetry(first === "R"))
  .replace(/ with (--encoding NAME|--sheet NAME|importer run)\b/g, "").replace(/; --[^;]*?(?=[;.]( |$))/g, "")
  .split(/(?<=\.) /).filter((sentence) => !/--|importer (resume|retry|run|undo|verify)\b/.test(sentence)).join(" ");
const plain = (message) => withoutFlags(message) || message;
const adviceText = (code, advice) => (code === "MISSING_ID" ? `${withoutFlags(advice)} ${TEXT.check.allowEmpty}` : withoutFlags(advice));

function problemLines(view, row, code) {
  const others = (index) => row.cells.filter((cell, position) => position !== index && cell.trim() !== "").join(" · ");
  return row.problems.filter((problem) => problem.code === code).map((problem) => {
    if (problem.column === null) {
      return el("li", { class: "fix" }, el("p", {}, TEXT.check.wholeRow(row.name)), el("p", { class: "small" }, others(null)),
        el("div", { class: "small" }, el("p", { class: "bad" }, capitalized(problem.message)), el("p", { class: "muted" }, TEXT.check.inFile)));
    }
    return cellEditor(view, row, problem, others(problem.column));
  });
}

/** A wrong cell of the check, corrected in place. */
function cellEditor(view, row, problem, context) {
  const id = `cell-${row.number}-${problem.column}`;
  const text = row.cells[problem.column] ?? "";
  const isCorrected = row.original[problem.column] !== undefined;
  const { input, message, restore } = editableCell(view, { id, row: row.number, name: row.name, column: problem.column,
    text, original: isCorrected ? row.original[problem.column] : text, isCorrected, problems: [problem] });
  return el("li", { class: "fix", "data-cell": `${row.number}:${problem.column}` },
    el("label", { for: id }, TEXT.check.cell(row.name, problem.column_name)), input,
    el("div", { class: "small" }, message, el("p", { class: "muted" }, context), restore));
}

/**
 * A cell that is corrected in place: its field, what is wrong with it, and a button that takes the correction back.
 * It is judged when typing pauses, Enter is pressed or the field is left. The requests of a view are sent one after
 * another (`view.lastJudging`), so that no earlier text is stored after a later one. `view.judging` has those in
 * progress, which resolve to whether they succeeded.
 */
function editableCell(view, cell) {
  const words = TEXT.check;
  const id = cell.id;
  const message = el("p", { id: `${id}-message`, class: "bad" });
  const input = el("input", { id, value: cell.text, autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-message` });
  const restore = button(words.restore, () => {
    input.value = cell.original;
    input.focus();
    judgeTyped();
  }, { class: "plain", hidden: !cell.isCorrected });
  let order = 0;
  let judged = cell.text;
  let timer = 0;
  let shown = [];

  /** `isLookedUp`: whether HubSpot was asked for the value, if it is one that has to be looked up. */
  const showJudgement = (problems, isCorrected, isLookedUp = false) => {
    shown = [problems, isCorrected, isLookedUp];
    const mine = problems.find((item) => item.column === cell.column) ?? problems.find((item) => item.column === null);
    const other = problems.find((item) => item.column !== cell.column);
    input.setAttribute("aria-invalid", String(Boolean(mine)));
    const isOpen = !mine && isCorrected && !isLookedUp && view.lookedUp.has(cell.column);
    message.className = mine ? "bad" : isOpen ? "muted" : "good";
    if (isOpen) fill(message, [icon("clock"), " ", view.notLookedUp(cell.original)]);
    else if (mine || isCorrected) fill(message, mine ? capitalized(mine.message) : [icon("check"), " ", other ? words.otherColumn(other.column_name) : words.corrected(cell.original)]);
    else fill(message, []);
    restore.hidden = !isCorrected;
    return mine;
  };
  /** Store and judge a text, unless a later one waits. It is stored also if the step is left meanwhile. */
  const request = async (text, mine) => {
    if (mine !== order) return true;
    try {
      const place = { row: cell.row, column: cell.column };
      const isOriginal = text === cell.original;
      const answer = isOriginal ? await api("DELETE", `${view.path}/edits`, place) : await api("PUT", `${view.path}/edits`, { ...place, text });
      if (mine !== order || view.signal.aborted) return true;
      const wrong = showJudgement(answer.row.problems, !isOriginal);
      announce(wrong ? words.announceWrong(cell.name, wrong.message) : isOriginal || !view.lookedUp.has(cell.column) ? words.announceFixed(cell.name) : words.announceNotLookedUp(cell.name));
      return true;
    } catch (error) {
      if (mine !== order) return true;
      judged = null;
      view.step.fail(error);
      showJudgement(...shown);
      return false;
    }
  };
  const judge = async (text) => {
    const mine = ++order;
    view.step.calm();
    fill(message, words.judging);
    const judging = (view.lastJudging ?? Promise.resolve()).then(() => request(text, mine));
    view.lastJudging = judging;
    view.judging.add(judging);
    view.redraw();
    await judging;
    view.judging.delete(judging);
    if (view.signal.aborted) return;
    view.changedRows.add(cell.row);
    view.redraw();
    view.refresh().catch(view.step.fail);
  };
  const judgeTyped = () => {
    clearTimeout(timer);
    if (input.value === judged || view.signal.aborted) return;
    judged = input.value;
    judge(judged);
  };
  input.addEventListener("change", judgeTyped);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(judgeTyped, 800);
  });
  showJudgement(cell.problems, cell.isCorrected);
  /** Show the row as the check of the whole file found it, unless the cell has another text by now. */
  view.cells.set(`${cell.row}:${cell.column}`, (row) => {
    const isCorrected = row.original[cell.column] !== undefined;
    if (judged !== (row.cells[cell.column] ?? "") || input.value !== judged) return;
    const wrong = showJudgement(row.problems, isCorrected, true);
    if (wrong) announce(words.announceWrong(cell.name, wrong.message));
  });
  return { input, message, restore };
}

function correctionItem(view, edit) {
  const words = TEXT.check;
  const undo = async () => {
    await api("DELETE", `${view.path}/edits`, { row: edit.row, column: edit.column });
    view.groups = null;
    await view.refresh();
  };
  return el("li", {}, el("div", { class: "grow" }, el("strong", { id: `edit-${edit.row}-${edit.column}` }, words.cell(edit.name ?? edit.row, edit.column_name)), el("p", { class: "small" }, words.correction(edit))),
    view.step.actionButton(words.restore, undo, { class: "plain", "aria-describedby": `edit-${edit.row}-${edit.column}` }));
}

// ---------------------------------------------------------------------------------------------------------- 4 run, 5 results

async function runStep(signal, runId) {
  const path = `/api/runs/${encodeURIComponent(runId)}`;
  const view = { signal, path, kind: null, update: null };
  /** Show the run; the whole step is drawn again only when its state changes. */
  view.receive = async (run) => {
    const kind = `${run.state} ${run.first_rows} ${Boolean(run.confirm)}`;
    view.run = run; // while a step is drawn, a later one may arrive
    view.wasAsked ||= Boolean(run.confirm);
    if (run.other_target !== (shownRun ? shownRun.other_target : undefined)) {
      shownRun = run;
      showBanner();
    }
    if (kind !== view.kind) {
      view.kind = kind;
      await (run.state === "finished" ? drawResults(view, run) : drawRun(view, run));
    }
    view.update(view.run);
    if (!view.target?.isConnected) {
      view.target = el("div", {});
      view.step.body.before(view.target);
    }
    const sentence = view.run.other_target;
    view.target.hidden = !sentence;
    refill(view.target, sentence, () => sentence && warning(TEXT.run.otherTarget(sentence)));
  };
  let asked = 0;
  view.reload = async () => {
    const mine = ++asked;
    const run = await api("GET", path, null, signal);
    if (mine === asked) await view.receive(run);
  };
  await view.reload();
  if (view.run.start) follow(view.run.start, signal, announce).catch(view.step.fail);
  watchRun(view);
}

/** Follow the run: events while it runs, otherwise a look whenever the page is looked at again. */
function watchRun(view) {
  const { signal } = view;
  let source = null;
  let isLost = false;
  let isLooking = false;
  const setLost = (value) => {
    isLost = value;
    const hint = document.getElementById("close-hint");
    if (hint) hint.hidden = value; // a run whose server was killed does not continue
  };
  const receive = (run) => {
    if (isLost) view.step.calm();
    setLost(false);
    return view.receive(run).catch((error) => view.step.fail(error));
  };
  const listen = () => {
    if (source || signal.aborted) return;
    source = new EventSource(`${view.path}/events`);
    source.onmessage = (event) => receive(JSON.parse(event.data));
    source.addEventListener("end", () => {
      stop();
      setTimeout(look, 300); // its process is ending; what can be done with the run is known afterwards
    });
    source.addEventListener("gone", () => leave().catch(view.step.fail));
    source.onerror = () => {
      setLost(true);
      view.step.fail(new ApiError("NO_ANSWER", TEXT.run.lost));
      if (source?.readyState === EventSource.CLOSED) stop(); // the browser gives up after an error response; look again
    };
  };
  /** A removal that was not confirmed leaves no run: go back to where it was started. */
  const leave = async () => {
    stop();
    if (signal.aborted) return;
    await go(view.run.parent ? `/runs/${view.run.parent}` : view.run.import_id ? `/imports/${view.run.import_id}/check` : "/", true);
    if (view.wasAsked) currentStep.inform(TEXT.run.discarded);
  };
  const stop = () => {
    source?.close();
    source = null;
  };
  const look = async () => {
    const isFinal = view.run.state === "finished" && view.run.results_ready && view.run.can.delete;
    if (source || isLooking || document.hidden || signal.aborted || isFinal) return;
    isLooking = true;
    try {
      const run = await api("GET", view.path, null, signal).catch((error) => {
        if (error.code === "RUN_NOT_FOUND") return leave();
        if (error.code !== "NO_ANSWER") view.step.fail(error); // such as the server started again, which asks to sign in
      });
      if (run) await receive(run);
      if (run?.state === "running") listen();
      else if (run?.state === "finished" && !run.can.delete) setTimeout(look, 500);
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(look, 3000);
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => {
    stop();
    clearInterval(timer);
  });
  if (view.run.state === "running") listen();
}

const runLinks = (run) => (run.import_id ? { 0: "/", 1: `/imports/${run.import_id}/columns`, 2: `/imports/${run.import_id}/check` } : { 0: "/" });

const startRun = (view, action, body = {}) => async () => {
  const { start } = await api("POST", `${view.path}/${action}`, { ...body, sandbox: session.mode === "sandbox" }, view.signal);
  await follow(start, view.signal, announce);
};

async function drawRun(view, run) {
  const words = TEXT.run;
  const running = run.state === "running";
  view.isStopping = false;
  const lead = running ? words.leads[run.operation] : run.refused ? words.refused : words.unfinished;
  const step = openStep(3, lead(run.source_name), runLinks(run));
  view.step = step;
  const progress = statusBar(running ? words.progress : TEXT.results.rowsTitle);
  progress.bar.setAttribute("role", running ? "progressbar" : "img");
  if (running) progress.bar.setAttribute("aria-valuemin", "0");
  const done = el("p", { class: "headline" });
  const numbersNode = el("div", {});
  const messages = el("div", { class: "stack-small" });
  const files = el("div", {});
  const notices = el("div", {});
  const actions = el("div", { class: "actions" });
  fill(step.body, [done, progress.bar, progress.legend, numbersNode, messages, notices,
    running && run.confirm && confirmRemoval(view, run),
    running && !run.confirm && el("p", { class: "muted", id: "close-hint" }, words.close),
    actions, related(run), files]);
  if (!running) {
    const rows = rowsSection(view, run);
    step.body.append(rows.node);
    rows.load().catch(step.fail);
  }

  view.update = (now) => {
    const state = now.progress;
    if (running) {
      const text = words.done(state.done, state.total);
      progress.update(state.statuses, state.total);
      progress.bar.setAttribute("aria-valuemax", String(state.total));
      progress.bar.setAttribute("aria-valuenow", String(state.done));
      progress.bar.setAttribute("aria-valuetext", text);
      done.textContent = state.done ? text : now.confirm ? words.toConfirm : words.starting;
      fill(numbersNode, runFigures(state));
      announce(text, 10000);
    } else {
      progress.update(now.counts, now.rows); // rows, as in the headline
      done.textContent = now.headline;
      refill(files, now.results_ready, () => now.results_ready && downloads(view, now));
    }
    refill(messages, [now.error, now.refused, state.pause?.until, now.stop_sentence], () => runMessages(now));
    refill(actions, [now.can, now.can.undo && now.undo_pairs], () => runActions(view, now));
    refill(notices, now.notices, () => noticeList(now.notices));
  };
}

function runActions(view, run) {
  const words = TEXT.run;
  const stop = run.can.stop && view.step.actionButton(view.isStopping ? words.stopping : words.stop, async () => {
    await api("POST", `${view.path}/stop`, {}, view.signal);
    view.isStopping = true;
    stop.textContent = words.stopping;
    announce(words.stopping);
  }, { id: "stop" });
  const text = run.first_rows ? words.continueRest : run.refused ? words.tryAgain : words.continue;
  return [stop, run.can.continue && view.step.actionButton(text, startRun(view, "continue"), { class: "primary", id: "continue" }),
    run.can.undo && undoButton(view, run), run.can.delete && deleteButton(view)];
}

function runFigures(state) {
  const words = TEXT.run;
  const [limit, seconds] = (state.limit ?? "").split("/").map(Number);
  return figures(
    [words.rate(seconds || 10), limit ? words.rateValue(Math.round(state.rate * seconds), limit) : n(Math.round(state.rate * 10))],
    [words.left, state.seconds_left === null ? words.leftUnknown : duration(state.seconds_left)],
    [words.latency, state.p50 === null ? null : words.latencyValue(state.p50)],
    [words.retries, n(state.retries)],
    [words.limited, n(state.rate_limited)]);
}

function runMessages(run) {
  const words = TEXT.run;
  const waiting = run.progress?.pause;
  const error = run.error?.code === "CONFIRMATION_REFUSED" ? words.notConfirmed : run.error ? plain(run.error.message) : run.refused;
  const after = run.first_rows ? words.firstRows(run.first_rows) : run.refused ? words.afterRefusal : run.stop_sentence ?? words.stopped;
  return [error && warning(error), waiting && warning(words.pause(waiting)), run.state === "unfinished" && info(after)];
}

function noticeList(notices) {
  if (!notices?.length) return [];
  return el("details", { id: "notices", open: Boolean(document.getElementById("notices")?.open) }, el("summary", { id: "notices-title" }, TEXT.run.notices),
    el("ul", { class: "small" }, notices.map((text) => el("li", {}, plain(text)))));
}

function confirmRemoval(view, { confirm, progress }) {
  const words = TEXT.run;
  const input = el("input", { inputmode: "numeric", autocomplete: "off" });
  const answer = oneAtATime((number) => api("POST", `${view.path}/confirm`, { number, sandbox: session.mode === "sandbox" }, view.signal));
  return el("form", { class: "stack section", onsubmit: (event) => {
    event.preventDefault();
    const number = input.value.replace(/[\s,.]/g, "");
    view.step.calm();
    input.setAttribute("aria-invalid", String(number !== String(confirm.number)));
    if (number === String(confirm.number)) return answer(number).catch(view.step.fail);
    view.step.fail(new ApiError("WRONG_NUMBER", words.confirmWrong(input.value, confirm)));
    input.focus();
  } },
    el("h2", {}, words.confirmTitle(confirm)), el("p", {}, words.confirmText(confirm.removed, progress?.statuses.unlinked)), field("confirm-number", words.confirmField(confirm.removed), input),
    el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, words.confirmButton(confirm.removed)), view.step.actionButton(TEXT.cancel, () => answer(null))));
}

async function drawResults(view, run) {
  const words = TEXT.results;
  const step = openStep(4, "", runLinks(run));
  view.step = step;
  const headline = el("h2", { class: "headline", id: "lead" });
  step.lead.replaceWith(headline);
  const share = statusBar(words.rowsTitle);
  share.bar.setAttribute("role", "img");
  share.update(run.counts, run.rows);
  Object.assign(view, { judging: new Set(), cells: new Map(), changedRows: new Set(), lookedUp: new Set(), notLookedUp: words.notLookedUp, redraw: () => {}, refresh: view.reload });
  const rows = rowsSection(view, run);
  const corrected = el("div", {});
  const command = el("div", { class: "stack", id: "command", hidden: true });
  const files = el("div", {});
  const others = el("div", {});
  const actions = el("div", { class: "actions" });
  const hint = el("div", {});
  const removal = el("div", { class: "section" });
  const showCommand = commandButton(view, command);
  const retry = async () => {
    if (!(await Promise.all(view.judging)).includes(false)) await startRun(view, "retry")();
  };
  fill(step.body, [share.bar, share.legend, actions,
    hint, corrected, command, others, files, rows.node, removal]);
  view.update = (now) => {
    headline.textContent = now.headline;
    const isFinal = now.can.delete; // until then its process is ending, and what can be done with the run is not known
    refill(hint, [isFinal, now.bad, now.can.retry], () => isFinal && now.bad > 0 && now.operation !== "undo" && el("p", { class: "muted" }, words.howToCorrect(now.can.retry)));
    refill(actions, [now.can, now.undo_pairs], () => isFinal && [
      now.can.retry ? step.actionButton(words.retry, retry, { class: "primary", id: "retry" }) : link(words.another, "/", { class: "button" }),
      now.can.undo && undoButton(view, now), showCommand]);
    refill(corrected, now.corrected, () => now.corrected > 0 && info(words.correctedRows(now.corrected)));
    refill(removal, now.can.delete, () => now.can.delete && deleteButton(view));
    refill(others, [now.parent, now.children, now.undone], () => related(now));
    refill(files, now.results_ready, () => (now.results_ready ? downloads(view, now) : el("p", { class: "muted" }, words.preparing)));
  };
  view.update(run);
  await rows.load();
}

function related(run) {
  const words = TEXT.results;
  const links = [run.parent && link(words.parent, `/runs/${run.parent}`), run.children.map((child) => link(words.child(child.operation), `/runs/${child.run_id}`))].flat().filter(Boolean);
  const isUndone = ["fully", "partly"].includes(run.undone);
  const isRetried = run.children.some((child) => child.operation !== "undo");
  const isRetry = run.parent && run.operation !== "undo";
  const notes = [isUndone && words.undone, isRetried && words.retried, isRetry && words.ofRetry].filter(Boolean);
  return [notes.map((text) => info(text)), links.length > 0 && el("p", { class: "row" }, links)];
}

function downloads(view, run) {
  const words = TEXT.results;
  return el("div", { class: "section stack-small" }, el("h2", {}, words.downloads), el("div", { class: "row" },
    download(words.csv, `${view.path}/results.csv`), download(words.xlsx, `${view.path}/results.xlsx`),
    run.bad > 0 && download(words.failures, `${view.path}/failures.csv`), el("a", { class: "button", href: `${view.path}/report.html`, target: "_blank", rel: "noopener" }, words.report)));
}

function undoButton(view, run) {
  const words = TEXT.results;
  return view.step.actionButton(words.undo, async () => {
    const number = run.undo_pairs;
    if (await confirmDialog({ title: words.undoTitle, text: words.undoText(number, run.undo_unconfirmed), fieldLabel: words.undoField, number, action: words.undo })) await startRun(view, "undo", { confirm: number })();
  });
}

function deleteButton(view) {
  const words = TEXT.results;
  return view.step.actionButton(words.remove, async () => {
    if (!(await confirmDialog({ title: words.removeTitle, text: words.removeText, action: words.removeButton }))) return;
    await api("DELETE", view.path, {}, view.signal);
    await go("/");
  }, { class: "plain" });
}

function commandButton(view, panel) {
  const words = TEXT.results;
  const toggle = view.step.actionButton(words.command, async () => {
    if (panel.hidden) {
      const data = await api("GET", `${view.path}/command`, null, view.signal);
      fill(panel, [[words.commandTitle, data.command], [words.cronTitle, data.cron]].filter(([, text]) => text).map(([title, text]) =>
        el("div", { class: "stack-small" }, el("h2", {}, title), data.has_corrections && el("p", { class: "muted" }, words.commandCorrections), el("pre", { tabindex: "0", "aria-label": title, role: "region" }, text),
          button(words.copy, () => navigator.clipboard.writeText(text).then(() => announce(words.copied)).catch(view.step.fail)))));
    }
    panel.hidden = !panel.hidden;
    toggle.setAttribute("aria-expanded", String(!panel.hidden));
  }, { "aria-expanded": "false", "aria-controls": "command" });
  return toggle;
}

/** The rows of a run: a page at a time, by outcome and search. */
function rowsSection(view, run) {
  const words = TEXT.results;
  const query = { status: "", q: "", page: 1 };
  const holder = el("div", { class: "stack" });
  let order = 0;
  const load = async () => {
    const mine = ++order;
    const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
    const data = await api("GET", `${view.path}/rows?${parameters}`, null, view.signal);
    if (mine !== order) return;
    view.lookedUp = new Set(data.looked_up);
    fill(holder, data.rows.length ? [rowsTable(view, data), pager(data, turn)] : el("p", { class: "muted" }, words.none));
    announce(words.page(data.page, data.pages, data.total));
  };
  const change = (changes) => {
    Object.assign(query, { page: 1 }, changes);
    return load().catch(view.step.fail);
  };
  const turn = async (page) => {
    await change({ page });
    holder.querySelector(".scroll")?.focus({ preventScroll: true });
  };
  const { counts } = run;
  const select = el("select", { onchange: () => change({ status: select.value }) },
    option("", words.all(run.rows), ""), run.need_you > 0 && option("bad", words.bad(run.need_you), ""),
    Object.keys(STATUSES).filter((status) => counts[status]).map((status) => option(status, `${TEXT.statuses[status]} (${n(counts[status])})`, "")));
  let timer = 0;
  const search = el("input", { type: "search", autocomplete: "off", oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => change({ q: search.value }), 250);
  } });
  const node = el("div", { class: "section stack" }, el("h2", {}, words.rowsTitle),
    el("div", { class: "fields" }, field("outcome", words.outcome, select), field("search", words.search, search)), holder);
  return { node, load };
}

function rowsTable(view, data) {
  const words = TEXT.results;
  const linked = data.rows.some((row) => row.links.some((item) => item.from_url || item.to_url));
  const explained = data.rows.some((row) => row.message || row.advice);
  const head = [el("th", { scope: "col", class: "number" }, words.row), el("th", { scope: "col" }, words.outcome), explained && el("th", { scope: "col" }, words.what),
    linked && el("th", { scope: "col" }, words.hubspot), data.header.map((name) => el("th", { scope: "col" }, name))];
  return blockTable(words.rowsTitle, head, data.rows.map((row) => el("tr", {},
    el("th", { scope: "row", class: "number" }, row.name),
    el("td", {}, badge(STATUSES[row.status], TEXT.statuses[row.status])),
    explained && el("td", { class: row.message || row.advice ? "wide stack-small" : "" }, row.message && el("p", {}, row.message), row.advice && el("p", { class: "muted" }, withoutFlags(row.advice)),
      view.judging && row.editable.map((column) => resultCell(view, row, column, data.header[column])),
      row.details && el("details", {}, el("summary", {}, words.details), el("pre", {}, row.details))),
    linked && el("td", {}, recordLinks(row)),
    data.header.map((_, index) => el("td", { class: "cell" }, row.cells[index] ?? "", String(index) in row.original && el("p", { class: "muted" }, words.was(row.original[index])))))));
}

/** A cell of a row that failed or is invalid, which is corrected beside what happened to the row, for the retry. */
function resultCell(view, row, column, name) {
  const original = row.cells[column] ?? "";
  const isCorrected = String(column) in row.edits;
  const id = `cell-${row.number}-${column}`;
  const { input, message, restore } = editableCell(view, { id, row: row.number, name: row.name, column,
    text: isCorrected ? row.edits[column] : original, original, isCorrected, problems: row.judged?.problems ?? [] });
  if (row.status === "invalid" && !row.judged) input.setAttribute("aria-invalid", "true");
  return el("div", { class: "edit" }, el("label", { for: id }, TEXT.check.cell(row.name, name)), input, message, restore);
}

function recordLinks(row) {
  const words = TEXT.results;
  const outside = (url, side, index) => url?.startsWith("https://") && el("a", { href: url, target: "_blank", rel: "noreferrer noopener", "aria-label": words.recordLabel(side, row.name, pair(index)) }, side);
  const pair = (index) => row.links.length > 1 && n(index + 1);
  return row.links.map((item, index) => el("p", { class: "row" }, outside(item.from_url, words.fromRecord, index), outside(item.to_url, words.toRecord, index)));
}

function pager(data, turn) {
  const words = TEXT.results;
  if (data.pages < 2) return el("p", { class: "muted small" }, words.page(data.page, data.pages, data.total));
  const to = (text, page) => button(text, () => page >= 1 && page <= data.pages && turn(page), page < 1 || page > data.pages ? { "aria-disabled": "true" } : {});
  return el("nav", { class: "row", "aria-label": words.pager }, to(words.previous, data.page - 1),
    el("span", { class: "small" }, words.page(data.page, data.pages, data.total)), to(words.next, data.page + 1));
}

// ---------------------------------------------------------------------------------------------------------- start

page.append(banner, stepList, main, status);
show(location.pathname);
