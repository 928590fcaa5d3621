/* Draws attainment against cost for each series with uPlot. Reads the values beside it; asks nothing of any network. */
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("values").textContent);
  const root = document.getElementById("charts");
  const tip = document.getElementById("tip");
  const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
  const SHARES = [50, 90, 99, 99.9, 99.99];
  const LOW = 50, HIGH = 99.99, WIDEST = 4;
  const STYLES = {
    headway: { stroke: "ready", width: 2.5 },
    rule: { stroke: "starting", width: 2 },
    oracle: { stroke: "good", width: 2, dash: [5, 4] },
    tuned: { stroke: "soft", width: 1 },
  };
  let charts = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const height = (share) => -Math.log10(1 - clamp(share, LOW, HIGH) / 100);
  const dotColour = (name) => (name.startsWith("headway") ? "ready" : name === "oracle" ? "good" : "ink");

  function element(tag, attributes, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  /* Every point of every curve and every dot, on the chart's own edges. */
  function placed(one, most) {
    const points = [];
    for (const curve of one.curves) {
      for (const [cost, share, knob] of curve.points) {
        points.push({ x: clamp(cost, 0, most), y: height(share), cost, share, words: curve.name + ", " + curve.knob + " " + knob });
      }
    }
    for (const dot of one.dots) {
      points.push({ x: clamp(dot.cost, 0, most), y: height(dot.attainment), cost: dot.cost, share: dot.attainment, words: dot.name, dot: dot.name });
    }
    return points;
  }

  function columns(one, most) {
    const xs = [...new Set(one.curves.flatMap((curve) => curve.points.map(([cost]) => Math.min(cost, most))))].sort((a, b) => a - b);
    if (!xs.length) xs.push(1, most);
    const rows = one.curves.map((curve) => {
      const row = xs.map(() => null);
      for (const [cost, share] of curve.points) row[xs.indexOf(Math.min(cost, most))] = height(share);
      return row;
    });
    return [xs, ...rows];
  }

  function drawGoal(chart, goal) {
    const { ctx, bbox } = chart;
    const y = chart.valToPos(height(goal), "y", true);
    ctx.save();
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  /* A name stands where it covers no other name; where there is no such place it is left to the pointer. */
  function drawDots(chart, points) {
    const { ctx, bbox } = chart;
    const unit = devicePixelRatio;
    const taken = [];
    ctx.save();
    ctx.font = 11 * unit + "px " + FONT;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const dots = points.filter((point) => point.dot);
    for (const point of dots) {
      point.px = chart.valToPos(point.x, "x", true);
      point.py = chart.valToPos(point.y, "y", true);
      ctx.fillStyle = colour(dotColour(point.dot));
      ctx.beginPath();
      ctx.arc(point.px, point.py, 3.5 * unit, 0, 2 * Math.PI);
      ctx.fill();
      taken.push([point.px - 4 * unit, point.py - 4 * unit, point.px + 4 * unit, point.py + 4 * unit]);
    }
    const first = (point) => (point.dot.startsWith("headway") ? 0 : 1);
    for (const point of dots.sort((a, b) => first(a) - first(b))) {
      const width = ctx.measureText(point.dot).width;
      const gap = 7 * unit, line = 6 * unit;
      const tries = [[gap, 0], [-gap - width, 0], [-width / 2, 2 * line], [-width / 2, -2 * line], [gap, 2 * line], [gap, -2 * line]];
      for (const [dx, dy] of tries) {
        const box = [point.px + dx, point.py + dy - line, point.px + dx + width, point.py + dy + line];
        const inside = box[0] >= bbox.left && box[2] <= bbox.left + bbox.width && box[1] >= 0 && box[3] <= bbox.top + bbox.height + line;
        if (!inside || taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3])) continue;
        ctx.fillStyle = colour(dotColour(point.dot));
        ctx.fillText(point.dot, box[0], point.py + dy);
        taken.push(box);
        break;
      }
    }
    ctx.restore();
  }

  function showTip(chart, points, unit) {
    const { left, top } = chart.cursor;
    tip.hidden = true;
    if (left < 0 || !chart.root.matches(":hover")) return;
    const far = (p) => Math.hypot(chart.valToPos(p.x, "x") - left, chart.valToPos(p.y, "y") - top);
    const near = points.filter((p) => far(p) < 14).sort((a, b) => far(a) - far(b)).slice(0, 3);
    if (!near.length) return;
    tip.hidden = false;
    tip.replaceChildren(...near.map((p) => element("p", {}, element("b", {}, p.words), element("br"),
      p.share.toFixed(2) + " % @ " + p.cost.toFixed(3) + "x " + unit)));
    const plot = chart.over.getBoundingClientRect();
    tip.style.left = clamp(plot.left + left + 14, 12, innerWidth - tip.offsetWidth - 12) + "px";
    const below = plot.top + top + 18;
    tip.style.top = (below + tip.offsetHeight > innerHeight ? plot.top + top - tip.offsetHeight - 12 : below) + "px";
  }

  function draw(one) {
    const costs = [...one.dots.map((dot) => dot.cost), ...one.curves.flatMap((curve) => curve.points.map(([cost]) => cost))];
    const most = Math.min(Math.max(...costs, 1.5) * 1.02, WIDEST);
    const least = Math.min(1, ...costs) - 0.04 * (most - 1);
    const points = placed(one, most);
    const text = colour("soft");
    const rule = { stroke: colour("grid"), width: 1 };
    const font = "12px " + FONT;
    root.append(element("div", {}, element("h3", {}, one.name + " ", element("small", {}, one.half)), element("div", { className: "chart" })));
    const place = root.lastChild.lastChild;
    charts.push(new uPlot({
      width: place.clientWidth,
      height: 360,
      legend: { show: false },
      cursor: { x: false, y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, range: () => [least, most] }, y: { range: () => [height(LOW) - 0.15, height(HIGH) + 0.25] } },
      axes: [
        { stroke: text, font, grid: rule, ticks: rule, size: 30, values: (c, splits) => splits.map((x) => x + "x") },
        { stroke: text, font, grid: rule, ticks: { show: false }, size: 60,
          splits: () => SHARES.map(height), values: () => SHARES.map((share) => share + " %") },
      ],
      series: [{}, ...one.curves.map((curve) => {
        const style = STYLES[curve.kind];
        return { stroke: colour(style.stroke), width: style.width, dash: style.dash, spanGaps: true, points: { show: false } };
      })],
      hooks: {
        drawAxes: [(chart) => drawGoal(chart, one.goal)],
        draw: [(chart) => drawDots(chart, points)],
        setCursor: [(chart) => showTip(chart, points, one.unit)],
      },
    }, columns(one, most), place));
  }

  function build() {
    for (const chart of charts) chart.destroy();
    charts = [];
    root.replaceChildren();
    page.forEach(draw);
  }

  build();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  onresize = () => {
    for (const chart of charts) chart.setSize({ width: chart.root.parentElement.clientWidth, height: chart.height });
  };
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
