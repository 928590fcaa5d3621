/* Draws the charts of the report with uPlot. Reads the values beside it; asks nothing of any network. */
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("values").textContent);
  const tip = document.getElementById("tip");
  const nav = document.querySelector("nav.range");
  const DAY = 86400;
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  let charts = [];
  let zoomed = false; // while one chart tells the others

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const narrow = () => document.documentElement.clientWidth < 640;
  const known = (row) => row && row.some((value) => value !== null);

  function dayName(at) {
    if (!page.dated) return "day " + Math.floor(at / DAY);
    const date = new Date(at * 1000);
    return WEEKDAYS[date.getUTCDay()] + " " + date.getUTCDate() + " " + MONTHS[date.getUTCMonth()];
  }
  const clock = (at) => new Date(at * 1000).toISOString().slice(11, 16);
  const moment = (at) => dayName(at) + " " + new Date(at * 1000).toISOString().slice(11, at % 60 ? 19 : 16);
  const figure = (value) => (value === null || value === undefined ? "–" : String(+value.toPrecision(3)));
  function seconds(value) {
    if (value === null || value === undefined) return "–";
    if (value < 60) return figure(value) + " s";
    return value < 5400 ? figure(value / 60) + " min" : figure(value / 3600) + " h";
  }

  function element(tag, attributes, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  const times = (section) => Array.from({ length: section.points }, (_, i) => section.start + i * section.step);
  const noun = (mark) => mark[1].slice(mark[1].lastIndexOf("/") + 1);
  const change = (mark) => mark[2] + " → " + mark[3] + " " + noun(mark);
  const stepped = () => uPlot.paths.stepped({ align: 1 });

  function timeLabels(chart, splits, axis, space, step) {
    let day = null;
    return splits.map((at) => {
      if (at % DAY === 0 || step >= DAY) return dayName(at);
      const said = day !== null || step < DAY ? clock(at) : dayName(at);
      day = at;
      return said;
    });
  }

  /* Without a cursor the legend names the colours and shows no values. */
  function rest(chart) {
    chart.root.classList.toggle("rests", !(chart.cursor.left >= 0));
  }

  /* Every chart of the page shares its time axis, its cursor and its zoom. */
  function options(kind, series, scale, axis, marks, lines) {
    const text = colour("soft");
    const font = "12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
    const rule = { stroke: colour("grid"), width: 1 };
    return {
      width: 600,
      height: kind.height(),
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: { y: false, sync: { key: "headway", setSeries: false }, drag: { x: true, y: false }, points: { size: 6 } },
      scales: { x: { time: true }, y: scale },
      axes: [
        { stroke: text, font, grid: rule, ticks: rule, size: 28, space: narrow() ? 56 : 72, values: timeLabels },
        Object.assign({ stroke: text, font, grid: rule, ticks: { show: false }, size: narrow() ? 34 : 44 }, axis),
      ],
      series: [{ label: "at", value: (chart, at) => (at === null ? "–" : moment(at)) }, ...series],
      hooks: {
        draw: [(chart) => drawLines(chart, lines), (chart) => drawMarks(chart, marks)],
        ready: [rest],
        setCursor: [rest, (chart) => showTip(chart, marks)],
        setScale: [(chart, key) => key === "x" && zoomOthers(chart)],
      },
    };
  }

  const MARKS = 26; // pixels above the highest value, for the marks
  const counts = { range: (chart, low, high) => [0, Math.max(high, 1) * (1 + MARKS / (chart.height - 60 - MARKS))] };
  const waits = { range: (chart, low, high) => [0, Math.max(high * 1.1, Math.log10(61))] };
  const WAITS = [0, 2, 10, 60, 300, 1800, 7200, 36000];
  const waitAxis = {
    splits: (chart) => WAITS.map((wait) => Math.log10(1 + wait)).filter((y) => y <= chart.scales.y.max),
    values: (chart, splits) => splits.map((y) => seconds(Math.round(10 ** y - 1)).replace(" ", narrow() ? "" : "\u2009")),
  };
  const tall = { height: () => (narrow() ? 240 : 330) };
  const low = { height: () => (narrow() ? 150 : 180) };
  const middling = { height: () => (narrow() ? 200 : 250) };

  function area(label, name, rows, value) {
    return { label, stroke: colour(name), fill: colour(name + "-fill"), width: 1, paths: stepped(), points: { show: false }, value };
  }
  function line(label, stroke, more) {
    return Object.assign({ label, stroke, width: 1.5, points: { show: false }, value: (c, v) => figure(v) }, more);
  }
  function capacity(rows, total, ready) {
    const starting = (chart, value, series, index) =>
      figure(index === null ? null : rows[total][index] - rows[ready][index]);
    return [area("starting", "starting", rows, starting), area("ready", "ready", rows, (c, v) => figure(v))];
  }

  function drawMarks(chart, marks) {
    const { ctx, bbox } = chart;
    const unit = devicePixelRatio;
    const size = 4 * unit;
    const ends = [chart.scales.x.min, chart.scales.x.max];
    ctx.save();
    for (const mark of marks) {
      if (mark[0] < ends[0] || mark[0] > ends[1]) continue;
      const x = chart.valToPos(mark[0], "x", true);
      const up = mark[3] > mark[2];
      const y = bbox.top + (up ? 7 : 17) * unit;
      ctx.fillStyle = colour(up ? "ink" : "soft");
      ctx.beginPath();
      ctx.moveTo(x - size, y + (up ? size : -size));
      ctx.lineTo(x + size, y + (up ? size : -size));
      ctx.lineTo(x, y + (up ? -size : size));
      ctx.fill();
    }
    ctx.restore();
  }

  function drawLines(chart, lines) {
    const { ctx, bbox } = chart;
    ctx.save();
    for (const { at, label } of lines) {
      const y = chart.valToPos(at, "y", true);
      if (y < bbox.top) continue;
      ctx.strokeStyle = ctx.fillStyle = colour("ink");
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.font = 12 * devicePixelRatio + "px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
      ctx.textAlign = "right";
      ctx.textBaseline = "bottom";
      ctx.fillText(label, bbox.left + bbox.width - 4 * devicePixelRatio, y - 3 * devicePixelRatio);
    }
    ctx.restore();
  }

  function showTip(chart, marks) {
    const { left, top } = chart.cursor;
    if (!chart.root.matches(":hover") || left < 0 || !marks.length) {
      if (chart.root.matches(":hover") || left < 0) tip.hidden = true;
      return;
    }
    const far = (mark) => Math.abs(chart.valToPos(mark[0], "x") - left);
    const near = marks.filter((mark) => far(mark) <= 8).sort((a, b) => far(a) - far(b)).slice(0, 2);
    tip.hidden = !near.length;
    if (tip.hidden) return;
    tip.replaceChildren(...near.map((mark) => element("p", {},
      element("time", {}, moment(mark[0])), " ", element("b", {}, change(mark)), element("br"), mark[4])));
    const plot = chart.over.getBoundingClientRect();
    const x = Math.min(Math.max(plot.left + left + 14, 12), innerWidth - tip.offsetWidth - 12);
    const below = plot.top + top + 18;
    tip.style.left = x + "px";
    tip.style.top = (below + tip.offsetHeight > innerHeight ? plot.top + top - tip.offsetHeight - 12 : below) + "px";
  }

  function zoomOthers(from) {
    if (zoomed) return;
    zoomed = true;
    const { min, max } = from.scales.x;
    for (const chart of charts) if (chart !== from) chart.setScale("x", { min, max });
    for (const button of nav.children) {
      button.setAttribute("aria-pressed", String(Math.abs(button.begin - min) < 1 && Math.abs(button.end - max) < 1));
    }
    zoomed = false;
  }

  function rangeButtons(start, end) {
    const stretches = [["All", start, end]];
    if (end - start > 1.2 * DAY && end - start < 22 * DAY) {
      for (let day = Math.floor(start / DAY) * DAY; day < end; day += DAY) {
        stretches.push([dayName(day), Math.max(day, start), Math.min(day + DAY, end)]);
      }
    } else if (end - start > 6 * 3600) {
      for (let at = start; at < end; at += 6 * 3600) {
        stretches.push([clock(at) + "–" + clock(at + 6 * 3600), at, Math.min(at + 6 * 3600, end)]);
      }
    }
    nav.replaceChildren(...stretches.map(([label, begin, until], n) => {
      const button = element("button", { type: "button", textContent: label, begin, end: until });
      button.setAttribute("aria-pressed", String(n === 0));
      button.onclick = () => charts.length && charts[0].setScale("x", { min: begin, max: until });
      return button;
    }));
    nav.hidden = stretches.length < 2;
  }

  function add(parent, heading, kind, section, names, series, scale, axis, marks, lines, more) {
    parent.append(element("h3", {}, heading));
    const place = parent.appendChild(element("div", { className: "chart" }));
    const set = Object.assign(options(kind, series, scale, axis, marks, lines || []), more);
    set.width = place.clientWidth;
    charts.push(new uPlot(set, [times(section), ...names.map((n) => section.rows[n])], place));
  }

  function workload(parent, section) {
    const { rows } = section;
    const of = (kind) => section.marks.filter((mark) => noun(mark) === kind);
    const ink = colour("ink");
    add(parent, "Demand and capacity, in servers", tall, section, ["total", "ready", "served", "asked"],
      [...capacity(rows, "total", "ready"), line("served", colour("soft"), { show: false }), line("asked for", ink, { width: 1 })],
      counts, {}, of("servers"));
    rows.log_wait = rows.wait.map((wait) => (wait === null ? null : Math.log10(1 + wait)));
    const waited = { label: "longest wait", stroke: colour("wait"), fill: colour("wait-fill"), width: 1,
      points: { show: false }, value: (c, v, s, i) => seconds(i === null ? null : rows.wait[i]) };
    add(parent, "Longest wait before a server begins", low, section, ["log_wait"], [waited], waits, waitAxis, [],
      [{ at: Math.log10(1 + section.limit), label: "objective " + seconds(section.limit) }]);
    if (known(rows.bound) && known(rows.came)) forecast(parent, section);
    if (known(rows.routers)) {
      add(parent, "Routers", low, section, ["routers_total", "routers"],
        capacity(rows, "routers_total", "routers"), counts, {}, of("routers"));
    }
    moves(parent, section);
  }

  function forecast(parent, section) {
    const share = +(100 * section.level).toPrecision(3) + " %";
    const kept = section.coverage === null ? "" : "; it held in " + figure(100 * section.coverage) + " % of cases";
    add(parent, "What was expected a lead time before, and what came (the " + share + " bound" + kept + ")", middling,
      section, ["bound", "expected", "came"],
      [line(share + " bound", colour("ready"), { width: 1, dash: [4, 3] }), line("expected", colour("ready")),
        line("came", colour("ink"), { width: 1 })],
      counts, {}, [], [], { bands: [{ series: [1, 2], fill: colour("band") }] });
  }

  function pool(parent, section) {
    add(parent, "Nodes", low, section, ["total", "ready"], capacity(section.rows, "total", "ready"), counts, {},
      section.marks);
    moves(parent, section);
  }

  function moves(parent, section) {
    const list = element("ol", { className: "moves" });
    const said = section.marks.length + (section.marks.length === 1 ? " move" : " moves");
    const rest = section.left_out ? " (the newest; " + section.left_out + " older ones are left out)" : "";
    const details = element("details", {}, element("summary", {}, said + ", each with its reason" + rest), list);
    details.ontoggle = () => {
      if (list.children.length) return;
      list.append(...section.marks.map((mark) => element("li", {},
        element("time", {}, moment(mark[0])), element("b", {}, change(mark)), element("span", {}, mark[4]))));
    };
    parent.append(details);
  }

  function build() {
    for (const chart of charts) chart.destroy();
    charts = [];
    const root = document.getElementById("sections");
    root.replaceChildren();
    for (const [kind, draw, title] of [["workloads", workload, ""], ["pools", pool, "Pool "]]) {
      for (const section of page[kind]) {
        const place = root.appendChild(element("section", {}, element("h2", {}, title + section.name)));
        draw(place, section);
      }
    }
    const all = [...page.workloads, ...page.pools];
    if (all.length) {
      rangeButtons(all[0].start, all[0].start + (all[0].points - 1) * all[0].step);
      let last = 0;
      onresize = () => {
        if (last === document.documentElement.clientWidth) return;
        last = document.documentElement.clientWidth;
        for (const chart of charts) chart.setSize({ width: chart.root.parentElement.clientWidth, height: chart.height });
      };
    }
  }

  build();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
