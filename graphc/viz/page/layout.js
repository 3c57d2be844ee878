"use strict";
/** Layered layout of nested groups. No document is needed here: nodes and groups in, rectangles and curves out. */
const LAYOUT = { most: 70, chunk: 60, gapX: 20, gapY: 44, high: 36, pad: 14, head: 20 };

/** Groups as a tree: every node in the group of its path; long lists are cut into parts that can be opened. */
function groupTree(ids, pathOf) {
  const root = { key: "", name: "", groups: new Map(), items: [], count: 0 };
  for (const id of ids) {
    let group = root, key = "";
    group.count++;
    for (const name of pathOf(id)) {
      key += (key && "/") + name;
      if (!group.groups.has(name)) {
        const made = { key, name, groups: new Map(), items: [], count: 0 };
        group.groups.set(name, made);
        group.items.push(made);
      }
      group = group.groups.get(name);
      group.count++;
    }
    group.items.push(id);
  }
  const tidy = (group) => {
    group.items = group.items.flatMap((item) => {
      if (typeof item === "string") return [item];
      tidy(item);
      return item.count === 1 && group.items.length > 1 ? leaves(item) : [item];
    });
    if (group.items.length > 2.5 * LAYOUT.chunk) {
      const size = Math.ceil(group.items.length / LAYOUT.chunk), parts = [];
      for (let at = 0; at < group.items.length; at += size) {
        const items = group.items.slice(at, at + size), number = parts.length + 1;
        const count = items.reduce((sum, item) => sum + (typeof item === "string" ? 1 : item.count), 0);
        parts.push({ key: `${group.key}#${number}`, name: `part ${number}`, items, count });
      }
      group.items = parts;
    }
  };
  tidy(root);
  return root;
}
function leaves(group) { return group.items.flatMap((item) => (typeof item === "string" ? [item] : leaves(item))); }

/** Opens the smallest groups, outer ones first, as long as no more than a readable number of boxes is shown. */
function defaultOpen(root) {
  const open = new Set();
  let shown = root.items.length, level = root.items.filter((item) => typeof item !== "string");
  while (level.length) {
    const next = [];
    for (const group of [...level].sort((a, b) => a.items.length - b.items.length)) {
      if (shown + group.items.length > LAYOUT.most) continue;
      open.add(group.key);
      shown += group.items.length;
      next.push(...group.items.filter((item) => typeof item !== "string"));
    }
    level = next;
  }
  return open;
}

/**
 * Rectangles {key, group, open, count, ids, x, y, w, h} by key, and wires {from, to, points, pairs}.
 * inputsOf(id) lists what a node reads, widthOf(item) is the width of a box.
 */
function layoutGroups(root, open, inputsOf, widthOf) {
  const paths = new Map();  // node -> keys of the shown items around it, outermost first
  const walk = (group, above) => {
    for (const item of group.items) {
      if (typeof item === "string") paths.set(item, [...above, item]);
      else if (open.has(item.key)) walk(item, [...above, "@" + item.key]);
      else for (const id of leaves(item)) paths.set(id, [...above, "@" + item.key]);
    }
  };
  walk(root, []);
  const inside = new Map(), wires = new Map();  // container key -> [item, item] pairs
  for (const [id, path] of paths) for (const source of inputsOf(id)) {
    const other = paths.get(source);
    if (!other) continue;
    const from = other[other.length - 1], to = path[path.length - 1];
    if (from === to) continue;
    let depth = 0;
    while (other[depth] === path[depth]) depth++;
    const where = depth ? other[depth - 1] : "@", name = from + "\n" + to;
    if (!inside.has(where)) inside.set(where, new Map());
    inside.get(where).set(other[depth] + "\n" + path[depth], [other[depth], path[depth]]);
    if (!wires.has(name)) wires.set(name, { from, to, where, pair: other[depth] + "\n" + path[depth], pairs: [] });
    wires.get(name).pairs.push([source, id]);
  }
  const boxes = new Map(), bends = new Map();
  const place = (group, own) => {  // sizes and places within the group, its corner at 0, 0
    const items = group.items.map((item) => {
      if (typeof item === "string") return { key: item, ids: [item], w: widthOf(item), h: LAYOUT.high };
      const key = "@" + item.key, facts = { key, group: item, count: item.count, ids: leaves(item) };
      if (!open.has(item.key)) return { ...facts, open: false, w: widthOf(item), h: LAYOUT.high };
      const size = place(item, key);
      return { ...facts, open: true, w: Math.max(size.w + 2 * LAYOUT.pad, widthOf(item)), h: size.h + 2 * LAYOUT.pad + LAYOUT.head, size };
    });
    for (const item of items) boxes.set(item.key, item);
    return layered(items, [...(inside.get(own)?.values() ?? [])], (pair, points) => bends.set(own + "\n" + pair, points));
  };
  place(root, "@");
  const absolute = (group, x, y) => {
    for (const item of group.items) {
      const box = boxes.get(typeof item === "string" ? item : "@" + item.key);
      box.x += x; box.y += y;
      if (box.open) absolute(item, box.x + LAYOUT.pad, box.y + LAYOUT.pad + LAYOUT.head);
    }
  };
  absolute(root, 0, 0);
  const drawn = [...wires.values()].map((wire) => {
    const a = boxes.get(wire.from), b = boxes.get(wire.to), around = wire.where === "@" ? null : boxes.get(wire.where);
    const [dx, dy] = around ? [around.x + LAYOUT.pad, around.y + LAYOUT.pad + LAYOUT.head] : [0, 0];
    const middle = (bends.get(wire.where + "\n" + wire.pair) ?? []).map(([x, y]) => [x + dx, y + dy]);
    return { ...wire, points: [[a.x + a.w / 2, a.y + a.h], ...middle, [b.x + b.w / 2, b.y]] };
  });
  return { boxes, wires: drawn };
}

/** One container: rows by longest path (edges back are left out), an order of few crossings, upright edges. */
function layered(items, edges, bend) {
  const at = new Map(items.map((item, i) => [item.key, i])), readers = items.map(() => []), sources = items.map(() => []);
  for (const [from, to] of edges) readers[at.get(from)].push(at.get(to));
  const state = items.map(() => 0), order = [];
  for (let start = 0; start < items.length; start++) {  // depth first, without recursion: long chains are deep
    if (state[start]) continue;
    const stack = [[start, 0]];
    state[start] = 1;
    while (stack.length) {
      const top = stack[stack.length - 1], next = readers[top[0]][top[1]++];
      if (next === undefined) { state[top[0]] = 2; order.push(top[0]); stack.pop(); }
      else if (state[next] === 0) { state[next] = 1; stack.push([next, 0]); sources[next].push(top[0]); }
      else if (state[next] === 2) sources[next].push(top[0]);
    }
  }
  order.reverse();
  const down = items.map(() => []), row = items.map(() => 0);
  sources.forEach((list, i) => list.forEach((s) => down[s].push(i)));
  for (const i of order) for (const s of sources[i]) row[i] = Math.max(row[i], row[s] + 1);
  for (const i of [...order].reverse()) if (down[i].length >= Math.max(1, sources[i].length)) row[i] = Math.min(...down[i].map((r) => row[r])) - 1;
  const lowest = Math.min(0, ...row), rows = [], cells = [];
  const cell = (w, line) => { const c = { w, line, up: [], low: [], x: 0 }; cells.push(c); (rows[line] ??= []).push(c); return c; };
  const own = new Map();
  for (const i of order) own.set(i, cell(items[i].w, row[i] - lowest));
  const chains = [];
  sources.forEach((list, i) => list.forEach((s) => {
    const chain = [own.get(s)];
    for (let line = row[s] - lowest + 1; line < row[i] - lowest; line++) chain.push(cell(6, line));
    chain.push(own.get(i));
    for (let k = 1; k < chain.length; k++) { chain[k - 1].low.push(chain[k]); chain[k].up.push(chain[k - 1]); }
    chains.push([items[s].key + "\n" + items[i].key, chain]);
  }));
  arrange(rows);
  const heights = rows.map(() => LAYOUT.high), tops = [];
  items.forEach((item, i) => { const line = row[i] - lowest; heights[line] = Math.max(heights[line], item.h); });
  let y = 0;
  heights.forEach((h, line) => { tops[line] = y; y += h + LAYOUT.gapY; });
  const left = Math.min(0, ...cells.map((c) => c.x - c.w / 2)), right = Math.max(0, ...cells.map((c) => c.x + c.w / 2));
  items.forEach((item, i) => { item.x = own.get(i).x - item.w / 2 - left; item.y = tops[row[i] - lowest]; });
  for (const [pair, chain] of chains)
    bend(pair, chain.slice(1, -1).flatMap((c) => [[c.x - left, tops[c.line]], [c.x - left, tops[c.line] + heights[c.line]]]));
  return { w: right - left, h: Math.max(0, y - LAYOUT.gapY) };
}
function arrange(rows) {
  const mean = (list, own) => (list.length ? list.reduce((s, c) => s + c.place, 0) / list.length : own);
  rows.forEach((line) => line.forEach((c, i) => (c.place = i)));
  for (let sweep = 0; sweep < 8; sweep++) {
    const up = sweep % 2;
    for (const line of up ? [...rows].reverse() : rows) {
      for (const c of line) c.wish = mean(up ? c.low : c.up, c.place);
      line.sort((a, b) => a.wish - b.wish);
      line.forEach((c, i) => (c.place = i));
    }
  }
  for (const line of rows) { let edge = 0; for (const c of line) { c.x = edge + c.w / 2; edge += c.w + LAYOUT.gapX; } for (const c of line) c.x -= edge / 2; }
  const want = (list, own) => (list.length ? list.reduce((s, c) => s + c.x, 0) / list.length : own);
  for (let sweep = 0; sweep < 10; sweep++)
    for (const line of sweep % 2 ? [...rows].reverse() : rows) {
      for (const c of line) c.wish = sweep > 7 ? want([...c.up, ...c.low], c.x) : want(sweep % 2 ? c.low : c.up, c.x);
      let edge = -Infinity, shift = 0;
      for (const c of line) { c.x = Math.max(c.wish, edge + c.w / 2); edge = c.x + c.w / 2 + LAYOUT.gapX; shift += c.x - c.wish; }
      // Moved back by the mean, a row keeps its distances: nothing comes to overlap.
      for (const c of line) c.x -= shift / line.length;
    }
}
/** The path of a wire: it enters and leaves every row upright. */
function curve(points) {
  let text = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1], [bx, by] = points[i], m = (ay + by) / 2;
    text += Math.abs(ax - bx) < 0.5 ? `L${bx.toFixed(1)} ${by.toFixed(1)}` : `C${ax.toFixed(1)} ${m.toFixed(1)} ${bx.toFixed(1)} ${m.toFixed(1)} ${bx.toFixed(1)} ${by.toFixed(1)}`;
  }
  return text;
}
