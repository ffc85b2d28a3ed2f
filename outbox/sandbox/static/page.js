"use strict";

// Everything shown comes from clients of the sandbox, so it is set as text and never as HTML.

const POLL_MS = 500;
const TARGET_NAMES = { accountview_net: "AV.Net", visma_net: "Visma.net" };
const SEGMENTS = { 1: "cost types", 2: "cost centres" };
const OVER = ["Completed", "Cancelled"];
let seen = "";

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function clock(at) {
  const shown = new Date(at * 1000).toLocaleTimeString("nl-NL");
  return element("time", { dateTime: new Date(at * 1000).toISOString() }, shown);
}

// Puts the items in place of what is there. What has the same key stays the same element, and nothing is touched when
// all is as before: focus and selection survive. What is new is marked, except at the first look.
function fill(parent, items, emptyText) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const shown = items.map((item) => before.get(item.dataset.key) ?? item);
  if (parent.dataset.filled) {
    for (const item of shown) item.classList.toggle("new", !before.has(item.dataset.key));
  }
  const same = shown.length === parent.children.length && shown.every((item, at) => item === parent.children[at]);
  if (same && shown.length) return;
  parent.replaceChildren(...(shown.length ? shown : [element("p", { className: "empty" }, emptyText)]));
  parent.dataset.filled = "yes";
}

function keyed(item, ...parts) {
  item.dataset.key = parts.join("\u0000");
  return item;
}

function chips(className, names) {
  return names.flatMap((name) => [element("span", { className: `chip ${className}` }, name), " "]);
}

function row(head, ...cells) {
  return element("tr", {}, element("th", { scope: "row" }, ...head), ...cells.map((cell) => element("td", {}, ...cell)));
}

function table(caption, heads, rows) {
  const headCells = heads.map((head) => element("th", { scope: "col" }, head));
  const parts = [element("thead", {}, element("tr", {}, ...headCells)), element("tbody", {}, ...rows)];
  if (caption) parts.unshift(element("caption", {}, caption));
  return element("table", {}, ...parts);
}

function showCounts(list, counts) {
  list.replaceChildren(
    ...list.dataset.shown
      .split(" ")
      .map((name) => element("div", {}, element("dt", {}, name), element("dd", {}, String(counts[name]))))
  );
}

function showUsers(list, users) {
  const items = users.map((user) => {
    const who = [element("strong", {}, user.name), " ", element("span", { className: "quiet" }, user.email)];
    const what = [...chips("company", user.companies), ...chips("app", user.apps)];
    return keyed(element("li", {}, ...who, element("div", {}, ...what)), JSON.stringify(user));
  });
  fill(list, items, "No user yet.");
}

function showCompanies(region, companies) {
  const open = new Set([...region.querySelectorAll("details[open]")].map((details) => details.dataset.name));
  const items = companies.map((company) => {
    const head = [element("strong", {}, company.name), " ", ...facts(company)];
    const tables = carriers(company);
    const item = tables.length
      ? element("details", { open: open.has(company.name) }, element("summary", {}, ...head), ...tables)
      : element("div", { className: "company-line" }, ...head);
    item.dataset.name = company.name;
    return keyed(item, JSON.stringify(company));
  });
  fill(region, items, "No company yet.");
}

function facts(company) {
  const counts = { users: company.users, projects: company.projects.length };
  const parts = [company.city, company.number && `KVK ${company.number}`];
  for (const [name, count] of Object.entries(counts)) parts.push(count && `${count} ${name}`);
  for (const app of company.apps) parts.push(app);
  const shown = parts.filter(Boolean);
  return shown.flatMap((part) => [element("span", { className: "quiet part" }, part), " "]);
}

function carriers(company) {
  const projects = company.projects.map((one) => row([one.code], [one.description], [state(one.status, OVER)]));
  const tables = projects.length ? [table("projects", ["code", "description", "status"], projects)] : [];
  for (const [number, values] of Object.entries(company.segments)) {
    const states = values.map((one) => state(one.active ? "active" : "inactive", ["inactive"]));
    const rows = values.map((one, at) => row([one.code], [one.description ?? ""], [states[at]]));
    const caption = SEGMENTS[number] ? `segment ${number} (${SEGMENTS[number]}, unless set otherwise)` : `segment ${number}`;
    if (rows.length) tables.push(table(caption, ["code", "description", "state"], rows));
  }
  return tables;
}

// What removing left behind stands back.
function state(text, over) {
  return element("span", { className: over.includes(text) ? "quiet over" : "" }, text);
}

function tag(target) {
  return element("span", { className: "tag" }, ` ${TARGET_NAMES[target] ?? target} `);
}

function showHappenings(shown) {
  fill(
    document.querySelector("#changes"),
    shown.changes.map((one) => keyed(element("li", {}, clock(one.at), tag(one.target), one.what), one.at, one.what)),
    "Nothing changed yet."
  );
  fill(
    document.querySelector("#invitations"),
    shown.invitations.map((one) =>
      keyed(element("li", {}, clock(one.at), tag(one.target), `${one.name} <${one.email}>`), one.user_id)
    ),
    "No mail was sent."
  );
  fill(document.querySelector("#calls"), shown.calls.map(callItem), "No call yet.");
  document.querySelector("#invitation-count").textContent = shown.invitation_count;
  document.querySelector("#call-count").textContent = shown.call_count;
}

function callItem(call) {
  const good = call.status !== null && call.status < 400;
  const status = element("span", { className: good ? "good" : "bad" }, String(call.status ?? "lost"));
  const short = call.path.replace(/^\/[^/]*\/[^/]*\/v[\d.]+/, "").replace(/[\da-f]{8}-[\da-f-]{27}/g, (id) => `${id.slice(0, 4)}…`);
  const words = `${call.method} ${short}`;
  const title = `${call.method} ${call.path}, ${call.took_ms} ms`;
  return keyed(element("li", { title }, clock(call.at), tag(call.target), status, " ", words), call.at, call.path);
}

function show(shown) {
  for (const section of document.querySelectorAll(".cloud")) {
    const cloud = shown.clouds[section.dataset.target];
    showCounts(section.querySelector(".counts"), cloud.counts);
    showUsers(section.querySelector(".users"), cloud.users);
    showCompanies(section.querySelector(".companies"), cloud.companies);
  }
  showHappenings(shown);
  const active = shown.faults.filter((fault) => fault.times === null || fault.hit < fault.times);
  document.querySelector("#faults").textContent = active.map(faultWords).join(", ");
}

function faultWords(fault) {
  const times = fault.times === null ? `${fault.hit} times so far` : `${fault.hit} of ${fault.times}`;
  return `${fault.kind.replaceAll("_", " ")}${fault.status ? ` ${fault.status}` : ""}: ${times}`;
}

function say(text, lost) {
  const status = document.querySelector("#status");
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("lost", lost);
}

async function poll() {
  try {
    const answer = await fetch(`/sandbox/overview?seen=${encodeURIComponent(seen)}`);
    if (answer.status === 200) {
      const shown = await answer.json();
      seen = shown.version;
      show(shown);
    }
    say("live", false);
  } catch {
    say("the sandbox does not answer", true);
  }
  setTimeout(poll, POLL_MS);
}

async function change(method, body) {
  await fetch("/sandbox/faults", { method, body });
  seen = "";
}

for (const button of document.querySelectorAll("[data-fault]")) {
  button.addEventListener("click", () => change("POST", button.dataset.fault));
}
document.querySelector("#clear").addEventListener("click", () => change("DELETE"));
poll();
