"use strict";
const $ = (id) => document.getElementById(id);
function make(tag, parent, facts = {}, text) {
  const svg = parent instanceof SVGElement || tag === "svg";
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}
let data, stages = [], stage = 0, lit = new Set(), marks = [], matches = [], view = { x: 0, y: 0, k: 1 };

/** What lights up together: an element and the nodes that it stands for. */
function mark(element, nodes, key) {
  element.dataset.key = key;
  marks.push([element, nodes]);
  press(element, () => select(nodes, key));
}
function select(nodes, key) {
  lit = new Set(nodes);
  history.replaceState(null, "", key ? "#" + encodeURIComponent(key) : location.pathname);
  light(true);
}
function light(scroll) {
  for (const [element, nodes] of marks) element.classList.toggle("lit", nodes.some((n) => lit.has(n)));
  if (scroll) for (const pane of ["lines", "kernels"]) $(pane).querySelector(".lit")?.scrollIntoView({ block: "nearest" });
  $("details").textContent = [...lit].slice(0, 12).map((n) => data.nodes[n]).filter(Boolean).map((n) => n.text).join("\n");
}
function resolve(key) {
  if (data.nodes[key]) return [key];
  if (key.startsWith("line ")) return data.lines[+key.slice(5)]?.nodes ?? [];
  if (key.startsWith("kernel ")) return data.kernels?.[+key.slice(7)]?.nodes ?? [];
  if (key.startsWith("buffer ")) return data.memory?.buffers[+key.slice(7)]?.nodes ?? [];
  return [];
}

/** Groups that the reader opened or closed, by stage kind; undefined until a stage of the kind was shown. */
const opened = {};
let drawn = null, change = -1;
const label = (item) => (typeof item === "string" ? data.nodes[item].op : item.name);
function boxWidth(item) {
  const second = typeof item === "string" ? data.nodes[item].type : `${item.count} nodes`;
  return Math.min(196, Math.max(74, 7.6 * Math.max(label(item).length + 2, second.length) + 16));
}
function draw() {
  const now = stages[stage], kind = now.clusters ? "kernels" : "scopes";
  const pathOf = (id) => (now.clusters ? (now.clusters[id] ? [now.clusters[id]] : []) : (data.nodes[id].scope ?? "").split("/").filter(Boolean));
  const root = groupTree(now.ids, pathOf), open = (opened[kind] ??= defaultOpen(root));
  drawn = { root, open, pathOf, ...layoutGroups(root, open, (id) => data.nodes[id].inputs, boxWidth) };
  const svg = $("canvas"), before = new Set(stage ? stages[stage - 1].ids : now.ids);
  svg.replaceChildren();
  marks = marks.filter(([element]) => !element.classList.contains("node"));
  const place = make("g", svg, { id: "place" });
  for (const box of drawn.boxes.values()) if (box.open) drawGroup(place, box);
  const reasons = now.clusters ? new Map(data.unfused.map((u) => [u.from + " " + u.to, u.reason])) : new Map();
  for (const wire of drawn.wires) {
    const why = wire.pairs.map(([a, b]) => reasons.get(a + " " + b)).find(Boolean);
    const up = wire.points[wire.points.length - 1][1] < wire.points[0][1] ? " back" : "";
    const path = make("path", place, { class: "wire" + (why ? " unfused" : "") + up, d: curve(wire.points), "marker-end": "url(#tip)" });
    const types = [...new Set(wire.pairs.map(([a, b]) => data.nodes[b].labels?.[data.nodes[b].inputs.indexOf(a)] || data.nodes[a].type))].slice(0, 6).join("\n");
    make("title", path, {}, types + (why ? `\nnot fused: ${why}` : ""));
    if (why) path.addEventListener("click", () => select(wire.pairs[0], ""));
  }
  for (const box of drawn.boxes.values()) if (!box.open) drawBox(place, box, before);
  light(false);
}
function drawGroup(place, box) {
  const g = make("g", place, { class: "group", tabindex: 0, role: "button", "data-group": box.group.key });
  make("rect", g, { class: "frame", x: box.x, y: box.y, width: box.w, height: box.h, rx: 9 });
  make("text", g, { x: box.x + 10, y: box.y + 15 }, fit(`− ${box.group.name}`, box.w - 12));
  make("title", g, {}, `${box.group.key}: ${box.count} nodes; click to fold`);
  press(g, () => toggle(box.group.key));
}
function drawBox(place, box, before) {
  const group = box.group, node = group ? null : data.nodes[box.key];
  const fresh = box.ids.some((id) => !before.has(id)) ? " new" : "", part = node?.part === "gradient" ? " derived" : "";
  const g = make("g", place, { class: (group ? "node folded" : "node") + fresh + part, transform: `translate(${box.x + box.w / 2},${box.y})`, tabindex: 0, role: "button" });
  const [fill, stroke] = group ? ["#e4e7eb", "#616e7c"] : data.kinds[node.kind].colours;
  const outline = { x: -box.w / 2, y: 0, width: box.w, height: box.h, rx: node && data.kinds[node.kind].outline === "pill" ? 17 : 6, fill, stroke };
  if (group) make("rect", g, { ...outline, x: outline.x + 4, y: 4 });
  make("rect", g, { ...outline, class: "body" });
  make("text", g, { y: 15, "font-weight": 600 }, fit(group ? `+ ${group.name}` : (part ? "∂ " : "") + node.op, box.w));
  make("text", g, { y: 29 }, fit(group ? `${box.count} nodes` : node.type, box.w));
  make("title", g, {}, group ? `${group.key}: click to open` : node.text);
  if (!group) return mark(g, [box.key], box.key);
  g.dataset.group = group.key;
  marks.push([g, box.ids]);
  press(g, () => toggle(group.key));
}
function press(element, act) {
  element.addEventListener("click", act);
  element.addEventListener("keydown", (e) => { if (e.key === "Enter") act(); });
}
const fit = (text, wide) => (text.length * 7.4 > wide - 8 ? text.slice(0, Math.max(1, Math.floor((wide - 8) / 7.4) - 1)) + "…" : text);
/** Opens or folds a group; the place of its head on the screen stays. */
function toggle(key) {
  const was = drawn.boxes.get("@" + key);
  drawn.open.has(key) ? drawn.open.delete(key) : drawn.open.add(key);
  draw();
  const is = drawn.boxes.get("@" + key);
  if (was && is) { view.x += (was.x + was.w / 2 - is.x - is.w / 2) * view.k; view.y += (was.y - is.y) * view.k; }
  move();
}
/** Opens the groups around a node, and brings it to the middle. */
function reveal(id) {
  const around = (group, above) => {
    for (const item of group.items) {
      if (item === id) return above;
      const found = typeof item === "string" ? null : around(item, [...above, item.key]);
      if (found) return found;
    }
    return null;
  };
  const keys = around(drawn.root, []);
  if (!keys) return;
  if (keys.some((key) => !drawn.open.has(key))) { keys.forEach((key) => drawn.open.add(key)); draw(); }
  const box = drawn.boxes.get(id), frame = $("canvas").getBoundingClientRect(), k = Math.max(view.k, 0.8);
  view = { k, x: frame.width / 2 - (box.x + box.w / 2) * k, y: frame.height / 2 - (box.y + box.h / 2) * k };
  move();
}
function show(number) {
  stage = number;
  const now = stages[number];
  $("slider").value = number;
  $("stage").textContent = now.name;
  const rules = Object.entries(now.rules).map(([rule, times]) => `${rule} ×${times}`).join(", ");
  $("note").textContent = `${now.doc} ${now.ids.length} nodes, ${now.added} new, ${now.removed} gone.${rules ? " Rules: " + rules : ""}`;
  $("steps").hidden = !now.changes.length;
  $("rule").max = now.changes.length;
  step(0, false);
  draw();
  centre();
}
/** One replacement by a rule: what stood there before and what after, each with what it is computed from. */
function step(number, choose = true) {
  change = number;
  $("rule").value = number;
  const [rule, was, is] = stages[stage].changes[number - 1] ?? [];
  $("changed").hidden = !rule;
  $("rulename").textContent = rule ? `${number} of ${stages[stage].changes.length}: ${rule}` : `${stages[stage].changes.length} changes`;
  for (const [name, id] of [["before", was], ["after", is]]) {
    $(name).replaceChildren();
    if (rule) sketch($(name), name, id);
  }
  if (choose) select(rule ? [was, is] : [], "");
}
function sketch(parent, name, id) {
  make("strong", parent, {}, name);
  const depth = new Map([[id, 0]]);
  for (const [key, deep] of depth) if (deep < 3 && depth.size < 14) for (const i of data.nodes[key].inputs) if (!depth.has(i)) depth.set(i, deep + 1);
  const ids = [...depth.keys()].reverse(), root = groupTree(ids, () => []);
  const { boxes, wires } = layoutGroups(root, new Set(), (i) => data.nodes[i].inputs, boxWidth);
  const all = [...boxes.values()], w = Math.max(...all.map((b) => b.x + b.w)), h = Math.max(...all.map((b) => b.y + b.h));
  const svg = make("svg", parent, { viewBox: `-4 -4 ${w + 12} ${h + 12}`, width: Math.min(w + 12, 420) });
  for (const wire of wires) make("path", svg, { class: "wire", d: curve(wire.points) });
  for (const box of all) drawBox(svg, box, new Set(ids));
}
function centre() {
  const box = $("place").getBBox(), frame = $("canvas").getBoundingClientRect();
  const k = Math.min(1.2, Math.max(0.15, Math.min((frame.width - 40) / (box.width || 1), (frame.height - 40) / (box.height || 1))));
  view = { k, x: frame.width / 2 - (box.x + box.width / 2) * k, y: 20 - box.y * k };
  move();
}
function move() { $("place").setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.k})`); }
function zoom(factor, x, y) {
  view = { k: view.k * factor, x: x - (x - view.x) * factor, y: y - (y - view.y) * factor };
  move();
}

function lines() {
  data.lines.forEach((line, i) => {
    const text = `${line.file}:${line.line}  ${line.text}`;
    mark(make("button", $("lines"), { class: "row" }, text), line.nodes, `line ${i}`);
  });
}
function kernels() {
  data.kernels.forEach((kernel, i) => {
    const pane = $("kernels");
    mark(make("button", pane, { class: "row" }, `${i}  ${kernel.label}  (${kernel.kind})`), kernel.nodes, `kernel ${i}`);
    const more = make("details", pane);
    make("summary", more, {}, "inside");
    more.addEventListener("toggle", () => {
      if (more.childElementCount > 1) return;
      make("pre", more, {}, `reads ${kernel.reads.join(", ")}\nwrites ${kernel.writes.join(", ")}\n\n${kernel.form}`);
      for (const [name, text] of Object.entries(data.texts[kernel.text] ?? {})) {
        const part = make("details", more);
        make("summary", part, {}, name);
        part.addEventListener("toggle", () => part.childElementCount > 1 || make("pre", part, {}, text), { once: true });
      }
    });
  });
  make("h2", $("kernels"), {}, "Not fused");
  data.unfused.forEach((u, i) => {
    const text = `${data.nodes[u.from].op} → ${data.nodes[u.to].op}: ${u.reason}`;
    mark(make("button", $("kernels"), { class: "row why" }, text), [u.from, u.to], `unfused ${i}`);
  });
}
function memory() {
  const { buffers, size, calls } = data.memory, high = 210;
  if (!buffers.length) return make("p", $("memory"), {}, "This step needs no temporaries.");
  const svg = make("svg", $("memory"), { viewBox: `0 0 1000 ${high + 40}` });
  buffers.forEach((b, i) => {
    const y = high - ((b.offset + b.bytes) / size) * high + 16, x = 80 + (b.first / calls) * 910;
    const tall = Math.max(1.5, (b.bytes / size) * high), wide = ((b.last + 1 - b.first) / calls) * 910;
    const colour = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2"][i % 5];
    const rect = make("rect", svg, { class: "bytes", x, y, width: wide, height: tall, fill: colour });
    const under = buffers.filter((o) => o !== b && o.last < b.first && o.offset < b.offset + b.bytes && b.offset < o.offset + o.bytes);
    const reuse = under.length ? `\nreuses bytes of ${under.slice(-3).map((o) => o.name).join(", ")}` : "";
    make("title", rect, {}, `${b.name} ${b.type}\n${b.bytes} bytes from ${b.offset}, calls ${b.first} to ${b.last}${reuse}`);
    mark(rect, b.nodes, `buffer ${i}`);
  });
  make("path", svg, { d: `M80 16H990`, stroke: "#d55e00", "stroke-dasharray": "6 4" });
  make("text", svg, { x: 84, y: 12 }, `peak ${size} bytes${data.memory.note}`);
  make("text", svg, { x: 80, y: high + 34 }, `calls 0 to ${calls - 1} →`);
}
function time() {
  if (!data.times.length) return make("p", $("time"), {}, "No profile was given: explain(fn, path, profile=fn.profile(feeds)).");
  const most = Math.max(...data.times.map((t) => t.seconds));
  for (const t of data.times) {
    const kernel = data.kernels[t.call], share = t.bound ? ` ${Math.min(100, Math.round((100 * t.bound) / t.seconds))} % of the ${t.limit} limit` : "";
    const bar = "▇".repeat(Math.max(1, Math.round((12 * t.seconds) / most)));
    const text = `${bar} ${(t.seconds * 1e6).toFixed(1)} µs  ${kernel.label}\n${t.bytes} bytes, ${t.flops} flops,${share}`;
    mark(make("button", $("time"), { class: "row" }, text), kernel.nodes, `kernel ${t.call}`);
  }
  roofline();
}
function roofline() {
  const dots = data.times.filter((t) => t.flops && t.bytes && t.seconds && t.bound);
  if (!dots.length) return;
  const xs = dots.map((t) => Math.log10(t.flops / t.bytes)), ys = dots.flatMap((t) => [Math.log10(t.flops / t.seconds), Math.log10(t.flops / t.bound)]);
  const scale = (v, list, from, to) => from + ((v - Math.min(...list) + 0.2) / (Math.max(...list) - Math.min(...list) + 0.4)) * (to - from);
  const svg = make("svg", $("time"), { viewBox: "0 0 400 210" });
  dots.forEach((t, i) => {
    const x = scale(xs[i], xs, 20, 380), own = scale(Math.log10(t.flops / t.seconds), ys, 180, 20), roof = scale(Math.log10(t.flops / t.bound), ys, 180, 20);
    make("path", svg, { d: `M${x - 8} ${roof}h16M${x} ${roof}V${own}`, stroke: "#d55e00", fill: "none" });
    const dot = make("circle", svg, { class: "bytes", cx: x, cy: own, r: 5, fill: "#0072b2" });
    make("title", dot, {}, `${data.kernels[t.call].label}: ${(t.flops / t.seconds / 1e9).toFixed(2)} GFLOP/s, ${(t.flops / t.bytes).toFixed(2)} flops a byte`);
    mark(dot, data.kernels[t.call].nodes, `kernel ${t.call}`);
  });
  make("text", svg, { x: 20, y: 204 }, "flops a byte → (log); up: flops a second (log); bars: the limit");
}
function wire() {
  $("slider").max = stages.length - 1;
  $("slider").addEventListener("input", (e) => show(+e.target.value));
  $("search").addEventListener("input", (e) => {
    const what = e.target.value.toLowerCase();
    const found = what ? Object.keys(data.nodes).filter((n) => (data.nodes[n].lower ??= data.nodes[n].text.toLowerCase()).includes(what)) : [];
    $("found").textContent = what ? `${found.length} found` : "";
    matches = found.filter((id) => drawn.boxes.has(id) || stages[stage].ids.includes(id));
    select(found, "");
  });
  $("rule").addEventListener("input", (e) => step(+e.target.value));
  const svg = $("canvas");
  svg.addEventListener("wheel", (e) => { e.preventDefault(); const f = svg.getBoundingClientRect(); zoom(e.deltaY < 0 ? 1.15 : 1 / 1.15, e.clientX - f.x, e.clientY - f.y); }, { passive: false });
  svg.addEventListener("pointermove", (e) => { if (e.buttons === 1) { view.x += e.movementX; view.y += e.movementY; move(); } });
  document.addEventListener("keydown", (e) => {
    if (e.target === $("search")) { if (e.key === "Escape") e.target.blur(); else if (e.key === "Enter" && matches.length) { reveal(matches[0]); matches.push(matches.shift()); } return; }
    if (e.key === "/") { e.preventDefault(); $("search").focus(); }
    else if (e.key === "Escape") select([], "");
    else if (e.key === "]" && change < stages[stage].changes.length) step(change + 1);
    else if (e.key === "[" && change > 0) step(change - 1);
    else if (e.key === "f") { drawn.open.clear(); draw(); centre(); }
    else if (e.target.type !== "range" && e.key === "ArrowRight" && stage + 1 < stages.length) show(stage + 1);
    else if (e.target.type !== "range" && e.key === "ArrowLeft" && stage) show(stage - 1);
    else if (e.key === "+" || e.key === "-") { const f = svg.getBoundingClientRect(); zoom(e.key === "+" ? 1.2 : 1 / 1.2, f.width / 2, f.height / 2); }
    else if (e.key === "0") centre();
  });
}
async function start() {
  const bytes = Uint8Array.from(atob($("payload").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  data = JSON.parse(await new Response(stream).text());
  let ids = [];
  for (const s of data.stages) {
    const gone = new Set(s.removed);
    ids = ids.filter((id) => !gone.has(id)).concat(s.added);
    if (s.order.length) ids = s.order;
    stages.push({ ...s, ids, added: s.added.length, removed: s.removed.length });
  }
  for (const kind of data.kinds) {
    const swatch = make("span", $("legend"), {}, kind.name);
    swatch.style.cssText = `background:${kind.colours[0]};border:2px solid ${kind.colours[1]};color:#1f2933;padding:0 5px;margin-right:5px;border-radius:4px;white-space:nowrap`;
  }
  if (!data.kernels) document.body.classList.add("alone");
  else { kernels(); memory(); time(); }
  lines(); wire();
  show(0);
  const key = decodeURIComponent(location.hash.slice(1));
  if (key) {
    const nodes = resolve(key), at = stages.findIndex((s) => s.ids.some((id) => nodes.includes(id)));
    if (at > 0) show(at);
    select(nodes, key);
    if (nodes.length) reveal(nodes[0]);
  }
  document.body.dataset.ready = "yes";
}
start();
