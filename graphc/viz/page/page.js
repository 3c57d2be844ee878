"use strict";
const $ = (id) => document.getElementById(id);
function make(tag, parent, facts = {}, text) {
  const svg = parent instanceof SVGElement || tag === "svg";
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}
let data, stages = [], stage = 0, lit = new Set(), marks = [], view = { x: 0, y: 0, k: 1 };

/** What lights up together: an element and the nodes that it stands for. */
function mark(element, nodes, key) {
  element.dataset.key = key;
  marks.push([element, nodes]);
  element.addEventListener("click", () => select(nodes, key));
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
  if (key.startsWith("kernel ")) return data.kernels[+key.slice(7)]?.nodes ?? [];
  if (key.startsWith("buffer ")) return data.memory.buffers[+key.slice(7)]?.nodes ?? [];
  return [];
}

/** Rows by longest path, then sweeps that put every node where its operands are. */
function layout(ids) {
  const here = new Set(ids), row = {}, rows = [];
  for (const id of ids) {
    const above = data.nodes[id].inputs.filter((i) => here.has(i));
    row[id] = above.length ? 1 + Math.max(...above.map((i) => row[i])) : 0;
  }
  const readers = {};
  for (const id of ids) for (const i of data.nodes[id].inputs) if (here.has(i)) (readers[i] ??= []).push(id);
  for (const id of [...ids].reverse())
    if (!data.nodes[id].inputs.some((i) => here.has(i)) && readers[id]) row[id] = Math.min(...readers[id].map((r) => row[r])) - 1;
  for (const id of ids) (rows[row[id]] ??= []).push(id);
  const x = {}, width = (id) => Math.min(190, Math.max(74, 7.4 * Math.max(data.nodes[id].op.length, data.nodes[id].type.length) + 14));
  const pack = (line, want) => {
    line.sort((a, b) => want[a] - want[b]);
    let edge = -Infinity, shift = 0;
    for (const id of line) { x[id] = Math.max(want[id], edge + width(id) / 2); edge = x[id] + width(id) / 2 + 18; shift += x[id] - want[id]; }
    for (const id of line) x[id] -= shift / line.length;
  };
  const filled = rows.filter(Boolean);
  for (const line of filled) pack(line, Object.fromEntries(line.map((id, i) => [id, i])));
  const mean = (list, own) => (list.length ? list.reduce((s, i) => s + x[i], 0) / list.length : own);
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const line of filled) pack(line, Object.fromEntries(line.map((id) => [id, mean(data.nodes[id].inputs.filter((i) => here.has(i)), x[id])])));
    for (const line of [...filled].reverse()) pack(line, Object.fromEntries(line.map((id) => [id, mean(readers[id] ?? [], x[id])])));
  }
  return { x, row, width };
}
function show(number) {
  stage = number;
  const now = stages[number], before = new Set(number ? stages[number - 1].ids : now.ids);
  $("slider").value = number;
  $("stage").textContent = now.name;
  const rules = Object.entries(now.rules).map(([rule, times]) => `${rule} ×${times}`).join(", ");
  $("note").textContent = `${now.doc} ${now.ids.length} nodes, ${now.added} new, ${now.removed} gone.${rules ? " Rules: " + rules : ""}`;
  const svg = $("canvas");
  svg.replaceChildren();
  marks = marks.filter(([element]) => !element.classList.contains("node"));
  const { x, row, width } = layout(now.ids), place = make("g", svg, { id: "place" });
  for (const id of now.ids) for (const i of data.nodes[id].inputs) if (x[i] !== undefined) {
    const [ax, ay, bx, by] = [x[i], row[i] * 84 + 36, x[id], row[id] * 84], m = (ay + by) / 2;
    make("path", place, { class: "wire", d: `M${ax} ${ay}C${ax} ${m} ${bx} ${m} ${bx} ${by}` });
  }
  for (const id of now.ids) {
    const node = data.nodes[id], w = width(id), [fill, stroke] = data.kinds[node.kind].colours;
    const g = make("g", place, { class: "node" + (before.has(id) ? "" : " new"), transform: `translate(${x[id]},${row[id] * 84})` });
    make("rect", g, { x: -w / 2, y: 0, width: w, height: 36, rx: 6, fill, stroke });
    const fit = (t) => (t.length > 25 ? t.slice(0, 24) + "…" : t);
    make("text", g, { y: 15, "font-weight": 600 }, fit(node.op));
    make("text", g, { y: 29 }, fit(node.type));
    make("title", g, {}, node.text);
    mark(g, [id], id);
  }
  centre();
  light(false);
}
function centre() {
  const box = $("place").getBBox(), frame = $("canvas").getBoundingClientRect();
  const k = Math.min(1.2, Math.max(0.15, Math.min((frame.width - 40) / box.width, (frame.height - 40) / box.height)));
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
    const found = what ? Object.keys(data.nodes).filter((n) => data.nodes[n].text.toLowerCase().includes(what)) : [];
    $("found").textContent = what ? `${found.length} found` : "";
    select(found, "");
  });
  const svg = $("canvas");
  svg.addEventListener("wheel", (e) => { e.preventDefault(); const f = svg.getBoundingClientRect(); zoom(e.deltaY < 0 ? 1.15 : 1 / 1.15, e.clientX - f.x, e.clientY - f.y); }, { passive: false });
  svg.addEventListener("pointermove", (e) => { if (e.buttons === 1) { view.x += e.movementX; view.y += e.movementY; move(); } });
  document.addEventListener("keydown", (e) => {
    if (e.target === $("search")) { if (e.key === "Escape") e.target.blur(); return; }
    if (e.key === "/") { e.preventDefault(); $("search").focus(); }
    else if (e.key === "Escape") select([], "");
    else if (e.target !== $("slider") && e.key === "ArrowRight" && stage + 1 < stages.length) show(stage + 1);
    else if (e.target !== $("slider") && e.key === "ArrowLeft" && stage) show(stage - 1);
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
  lines(); kernels(); memory(); time(); wire();
  show(0);
  const key = decodeURIComponent(location.hash.slice(1));
  if (key) {
    const nodes = resolve(key), at = stages.findIndex((s) => s.ids.some((id) => nodes.includes(id)));
    if (at > 0) show(at);
    select(nodes, key);
  }
  document.body.dataset.ready = "yes";
}
start();
