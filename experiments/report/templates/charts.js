"use strict";
// Draws the charts of a report from the data beside it, with Bokeh's own library; see experiments/report/charts.py.
(() => {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const at = (id) => document.getElementById(id);
  const coarse = window.matchMedia("(pointer: coarse)").matches;

  function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  function number(value) { // three significant digits, thousands apart, as the tables print them
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    const text = size >= 1e6 || (size > 0 && size < 1e-4) ? size.toPrecision(3).replace("e+", " × 10^").replace("e-", " × 10^−")
      : size >= 1000 ? Math.round(size).toLocaleString("en-US") : String(Number(size.toPrecision(4)));
    return (value < 0 ? "−" : "") + text;
  }

  function tick(value) {
    const size = Math.abs(value);
    for (const [unit, name] of [[1e9, " bn"], [1e6, " m"], [1e4, " k"]]) {
      if (size >= unit) return String(Number((value / (name === " k" ? 1e3 : unit)).toPrecision(4))).replace("-", "−") + name;
    }
    return String(Number(value.toPrecision(6))).replace("-", "−");
  }

  function quantile(sorted, share) {
    const place = (sorted.length - 1) * share, low = Math.floor(place);
    return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
  }

  function filled(select, entries) {
    for (const [value, words] of entries) select.add(new Option(words, value));
  }

  function ticks(axis) {
    axis.formatter = new Bokeh.CustomJSTickFormatter({code: "return window.rackrateTick(tick)"});
    axis.ticker.desired_num_ticks = 5;
  }
  window.rackrateTick = tick;

  function board(extra) { // a figure of the page's width; on a touch screen a finger scrolls the page, and a tap asks
    const figure = Bokeh.Plotting.figure({
      sizing_mode: "stretch_width", height: coarse ? 330 : 400, toolbar_location: coarse ? null : "above",
      tools: coarse ? "" : "box_zoom,wheel_zoom,pan,reset,save", active_drag: coarse ? null : "auto", active_scroll: null,
      output_backend: "canvas", min_border_right: 12, ...extra,
    });
    figure.toolbar.logo = null;
    for (const axis of [...figure.xaxes, ...figure.yaxes]) axis.axis_label_text_font_style = "normal";
    return figure;
  }

  // What a pointer or a finger is at: `find(x, y, most)` gives the nearest mark no further than `most` in the unit of y.
  function pointer(figure) {
    const line = new Bokeh.ColumnDataSource({data: {xs: [], ys: [], colour: []}});
    const spot = new Bokeh.ColumnDataSource({data: {x: [], y: [], colour: []}});
    figure.multi_line({field: "xs"}, {field: "ys"}, {source: line, line_color: {field: "colour"}, line_width: 2.5});
    figure.scatter({field: "x"}, {field: "y"}, {source: spot, size: 8, fill_color: {field: "colour"}, line_color: "#fff"});
    const label = new Bokeh.Label({x: 0, y: 0, text: "", visible: false, text_font_size: "12px", background_fill_color: "#fff",
      background_fill_alpha: 0.9, border_line_color: "#b9bfc6", padding: 4, x_offset: 10, y_offset: 10});
    figure.add_layout(label);
    function hide() {
      if (!label.visible) return;
      label.visible = false;
      line.data = {xs: [], ys: [], colour: []};
      spot.data = {x: [], y: [], colour: []};
    }
    function asks(find, says) {
      function ask(event, pixels) {
        const height = figure.inner_height, span = Math.abs(figure.y_range.end - figure.y_range.start);
        const found = find(event.x, event.y, pixels * span / Math.max(1, height));
        if (!found) { hide(); return; }
        at(says).textContent = found.told;
        const right = event.x > (figure.x_range.start + figure.x_range.end) / 2;
        const top = found.y > (figure.y_range.start + figure.y_range.end) / 2;
        label.setv({x: found.x, y: found.place ?? found.y, text: found.told, visible: !coarse,
          text_align: right ? "right" : "left", x_offset: right ? -10 : 10,
          text_baseline: top ? "top" : "bottom", y_offset: top ? -10 : 10});
        line.data = found.xs ? {xs: [found.xs], ys: [found.ys], colour: [found.colour]} : {xs: [], ys: [], colour: []};
        spot.data = {x: [found.x], y: [found.place ?? found.y], colour: [found.colour]};
      }
      figure.on_event("tap", (event) => ask(event, Infinity));
      if (!coarse) {
        figure.on_event("mousemove", (event) => ask(event, 30));
        figure.on_event("mouseleave", hide);
      }
    }
    return {asks, hide};
  }

  // ---- days

  function daysChart(days) {
    const values = unpacked(days.values), [first, step, many] = days.grid;
    const grid = Array.from({length: many}, (_, k) => first + k * step);
    const runs = new Map(days.cells.map(([arm, shock, seed], run) => [`${arm} ${shock} ${seed}`, run]));
    const series = at("days-series"), shock = at("days-shock"), view = at("days-view");
    filled(series, days.series.map((one, k) => [k, one.label]));
    const ran = [...new Set(days.cells.map((cell) => cell[1]))].sort((a, b) => a - b);
    filled(shock, ran.map((k) => [k, data.shocks[k].name]));
    shock.value = ran[Math.min(1, ran.length - 1)];
    const arms = [...new Set(days.cells.map((cell) => cell[0]))].sort((a, b) => a - b);
    const chosen = new Set(arms.filter((arm) => data.arms[arm].shown));
    if (!chosen.size) chosen.add(arms[0]);
    const chips = at("days-arms");
    for (const arm of arms) {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.style.setProperty("--own", data.arms[arm].colour);
      chip.textContent = data.arms[arm].name;
      chip.setAttribute("aria-pressed", String(chosen.has(arm)));
      chip.onclick = () => {
        if (chosen.has(arm)) chosen.delete(arm); else chosen.add(arm);
        chip.setAttribute("aria-pressed", String(chosen.has(arm)));
        draw();
      };
      chips.append(chip);
    }

    const figure = board({x_axis_label: "Day"});
    const paths = new Bokeh.ColumnDataSource({data: {xs: [], ys: [], arm: [], seed: [], colour: [], dash: []}});
    const middles = new Bokeh.ColumnDataSource({data: {xs: [], ys: [], arm: [], colour: [], dash: []}});
    const bands = new Bokeh.ColumnDataSource({data: {xs: [], ys: [], colour: []}});
    const struck = new Bokeh.BoxAnnotation({fill_color: "#E9E3D3", fill_alpha: 0.6, line_color: null, level: "underlay", visible: false});
    figure.add_layout(struck);
    figure.patches({field: "xs"}, {field: "ys"}, {source: bands, fill_color: {field: "colour"}, fill_alpha: 0.16, line_color: null});
    figure.multi_line({field: "xs"}, {field: "ys"},
      {source: paths, line_color: {field: "colour"}, line_alpha: 0.35, line_width: 1});
    figure.multi_line({field: "xs"}, {field: "ys"},
      {source: middles, line_color: {field: "colour"}, line_dash: {field: "dash"}, line_width: 2.2});
    const pointed = pointer(figure);
    ticks(figure.yaxes[0]);

    const offset = (run, which) => (run * days.series.length + which) * many;
    function path(arm, shockAt, seed, which) { // the numbers of one run, or of what is asked for minus another
      const cell = (a, s) => runs.get(`${a} ${s} ${seed}`);
      const mode = view.value;
      const pair = mode === "levels" ? [[arm, shockAt]] : mode === "shock" ? [[arm, shockAt], [arm, 0]]
        : [[arm, shockAt], [data.baseline, shockAt]];
      const places = pair.map(([a, s]) => cell(a, s));
      if (places.some((run) => run === undefined)) return null;
      const out = new Float64Array(many);
      for (let k = 0; k < many; k++) {
        out[k] = values[offset(places[0], which) + k] - (places.length > 1 ? values[offset(places[1], which) + k] : 0);
      }
      return out;
    }

    let drawn = [];
    function draw() {
      const which = Number(series.value), shockAt = Number(shock.value);
      const all = {xs: [], ys: [], arm: [], seed: [], colour: [], dash: []};
      const mid = {xs: [], ys: [], arm: [], colour: [], dash: []}, band = {xs: [], ys: [], colour: []};
      drawn = [];
      const silent = [];
      for (const arm of arms) {
        if (!chosen.has(arm)) continue;
        const look = data.arms[arm], mine = [];
        days.seeds.forEach((seed, place) => {
          const own = path(arm, shockAt, place, which);
          if (own && own.some(Number.isFinite)) mine.push([seed, own]);
        });
        if (!mine.length) { silent.push(look.name); continue; }
        for (const [seed, own] of mine) {
          if (at("days-seeds").checked) {
            drawn.push({arm: look.name, seed, own, colour: look.colour});
            all.xs.push(grid); all.ys.push(own); all.arm.push(look.name); all.seed.push(seed);
            all.colour.push(look.colour); all.dash.push(look.dash);
          }
        }
        if (at("days-median").checked) {
          const low = [], high = [], middle = [];
          for (let k = 0; k < many; k++) {
            const column = mine.map(([, own]) => own[k]).filter(Number.isFinite).sort((a, b) => a - b);
            middle.push(column.length ? quantile(column, 0.5) : NaN);
            low.push(column.length ? quantile(column, 0.1) : NaN);
            high.push(column.length ? quantile(column, 0.9) : NaN);
          }
          drawn.push({arm: look.name, seed: null, own: middle, colour: look.colour});
          mid.xs.push(grid); mid.ys.push(middle); mid.arm.push(look.name); mid.colour.push(look.colour); mid.dash.push(look.dash);
          const there = grid.map((_, k) => k).filter((k) => Number.isFinite(middle[k]));
          band.xs.push([...there.map((k) => grid[k]), ...there.map((k) => grid[k]).reverse()]);
          band.ys.push([...there.map((k) => low[k]), ...there.map((k) => high[k]).reverse()]);
          band.colour.push(look.colour);
        }
      }
      paths.data = all; middles.data = mid; bands.data = band;
      const event = data.shocks[shockAt];
      struck.setv({visible: event.start !== null && event.days > 0, left: event.start ?? 0, right: (event.start ?? 0) + event.days});
      figure.yaxes[0].axis_label = (view.value === "levels" ? "" : "Δ ") + days.series[which].label;
      figure.reset.emit();
      const of = {levels: "", shock: ", shock minus no shock of the same seed", arm: `, minus “${data.arms[data.baseline].name}” of the same seed`};
      const named = [`${days.series[which].label}, ${event.name}${of[view.value]}.`];
      if (at("days-median").checked) named.push("Thick: median over seeds; shaded: the middle 80 %.");
      if (silent.length) named.push(`Nothing to draw of ${silent.join(", ")}${view.value === "shock" && shockAt === 0 ? ": choose a shock" : ""}.`);
      at("days-caption").textContent = named.join(" ");
      pointed.hide();
      at("days-told").textContent = `${coarse ? "Tap" : "Point at"} a line for its seed and value.`;
    }

    // the line that is nearest to a pointer or a finger, at the nearest day
    pointed.asks((x, y, most) => {
      const k = Math.max(0, Math.min(many - 1, Math.round((x - first) / step)));
      let best = null;
      for (const one of drawn) {
        const away = Math.abs(one.own[k] - y);
        if (away <= most && (best === null || away < best.away)) best = {...one, away};
      }
      if (!best) return null;
      const told = `${best.arm}, ${best.seed === null ? "median over seeds" : `seed ${best.seed}`}, day ${grid[k]}: ${number(best.own[k])}`;
      return {told, x: grid[k], y: best.own[k], xs: grid, ys: best.own, colour: best.colour};
    }, "days-told");
    for (const control of [series, shock, view, at("days-seeds"), at("days-median")]) control.addEventListener("change", draw);
    at("days-none").onclick = () => {
      chosen.clear();
      for (const chip of chips.children) chip.setAttribute("aria-pressed", "false");
      draw();
    };
    draw();
    at("days-chart").drawn = {paths, middles}; // for whoever asks the page what it shows, as tests do
    return Bokeh.Plotting.show(figure, at("days-chart"));
  }

  // ---- metrics

  function metricChart(all) {
    const values = unpacked(all.values), effects = unpacked(all.effects), width = all.metrics.length;
    const metric = at("metric-name"), group = at("metric-group"), shock = at("metric-shock");
    filled(metric, all.metrics.map((one, k) => [k, one.unit ? `${one.label} (${one.unit})` : one.label]));
    const groups = [...new Set(all.comparisons.map((one) => one[0]))].sort((a, b) => a - b);
    filled(group, [...groups.map((k) => [k, all.groups[k]]), ["levels", "Levels, a dot a run"]]);
    const seeds = [...new Set(all.cells.map((cell) => cell[2]))];
    const runs = new Map(all.cells.map(([arm, shockAt, seed], run) => [`${arm} ${shockAt} ${seed}`, run]));

    const rows = new Bokeh.FactorRange({factors: ["-"], range_padding: 0.02});
    const figure = board({y_range: rows, x_axis_label: " "});
    const dots = new Bokeh.ColumnDataSource({data: {x: [], y: [], seed: [], name: [], colour: []}});
    const means = new Bokeh.ColumnDataSource({data: {x: [], y: [], low: [], high: [], told: [], name: [], colour: []}});
    figure.add_layout(new Bokeh.Span({location: 0, dimension: "height", line_color: "#8A8A8A", line_width: 1}));
    figure.scatter({field: "x"}, {field: "y"},
      {source: dots, size: 5, fill_color: {field: "colour"}, fill_alpha: 0.35, line_color: null});
    figure.segment({field: "low"}, {field: "y"}, {field: "high"}, {field: "y"}, {source: means, line_color: {field: "colour"}, line_width: 2.5});
    figure.scatter({field: "x"}, {field: "y"}, {source: means, size: 9, fill_color: {field: "colour"}, line_color: "#fff"});
    const pointed = pointer(figure);
    ticks(figure.xaxes[0]);
    figure.yaxes[0].group_text_font_size = "11px";

    function wanted() {
      const at = shock.value;
      if (group.value !== "levels") {
        return all.comparisons.map((one, place) => [one, place]).filter(([one]) => String(one[0]) === group.value && String(one[2]) === at)
          .map(([one, place]) => ({name: one[1], cells: one[3], place}));
      }
      return data.arms.map((one, arm) => ({name: one.name, cells: [[1, arm, Number(at)]], place: null, colour: one.colour}))
        .filter(({cells}) => seeds.some((seed) => runs.has(`${cells[0][1]} ${at} ${seed}`)));
    }

    function offered() { // the shocks under which something of the chosen group was compared
      const before = shock.value;
      const places = group.value === "levels" ? data.shocks.map((_, k) => k)
        : [...new Set(all.comparisons.filter((one) => String(one[0]) === group.value).map((one) => one[2]))].sort((a, b) => a - b);
      shock.replaceChildren();
      filled(shock, places.map((k) => [k, data.shocks[k].name]));
      if (places.map(String).includes(before)) shock.value = before;
    }

    function draw() {
      const which = Number(metric.value), unit = all.metrics[which].unit;
      const dot = {x: [], y: [], seed: [], name: [], colour: []};
      const mean = {x: [], y: [], low: [], high: [], told: [], name: [], colour: []};
      const factors = [];
      for (const row of wanted()) {
        const name = factors.includes(row.name) ? `${row.name} ` : row.name, colour = row.colour ?? "#0072B2", own = [];
        for (const seed of seeds) {
          let sum = 0;
          for (const [weight, arm, shockAt] of row.cells) {
            const run = runs.get(`${arm} ${shockAt} ${seed}`);
            sum += run === undefined ? NaN : weight * values[run * width + which];
          }
          if (Number.isFinite(sum)) own.push([seed, sum]);
        }
        const told = row.place === null ? null : effects.subarray((row.place * width + which) * 5, (row.place * width + which) * 5 + 5);
        if (!own.length && !(told && Number.isFinite(told[0]))) continue;
        factors.push(name);
        for (const [seed, value] of own) {
          dot.x.push(value); dot.y.push(name); dot.seed.push(seed); dot.name.push(row.name); dot.colour.push(colour);
        }
        const middle = told ? told[0] : own.reduce((sum, one) => sum + one[1], 0) / own.length;
        if (!Number.isFinite(middle)) continue;
        const [low, high] = told && Number.isFinite(told[1]) ? [told[1], told[2]] : [middle, middle];
        mean.x.push(middle); mean.y.push(name); mean.low.push(low); mean.high.push(high); mean.name.push(row.name); mean.colour.push(colour);
        mean.told.push(told && Number.isFinite(told[1])
          ? `${number(middle)} [${number(low)}, ${number(high)}]${unit ? " " + unit : ""}, p ${number(told[3])}, ${told[4]} seeds`
          : `mean ${number(middle)}${unit ? " " + unit : ""}`);
      }
      rows.factors = factors.length ? factors.slice().reverse() : ["nothing to show"];
      dots.data = dot; means.data = mean;
      figure.height = Math.max(coarse ? 240 : 280, 110 + 26 * factors.length);
      figure.xaxes[0].axis_label = all.metrics[which].label + (unit ? ` (${unit})` : "");
      figure.reset.emit();
      const levels = group.value === "levels";
      at("metric-caption").textContent = factors.length
        ? (levels ? "Small dots: runs, one a seed; large: their mean." : "Large dot and bar: mean over seeds with its 95 % interval (as in the tables); small dots: the seeds' own differences.")
        : "No run measured it.";
      pointed.hide();
      at("metric-told").textContent = `${coarse ? "Tap" : "Point at"} a dot for its seed and value.`;
    }

    // the dot that is nearest in the row that a pointer or a finger is in
    pointed.asks((x, y) => {
      const row = Math.floor(y), name = rows.factors[row];
      let best = null;
      const nearest = (source, told) => source.data.x.forEach((value, k) => {
        const away = Math.abs(value - x);
        if (source.data.y[k] === name && (best === null || away < best.away)) best = {away, x: value, told: told(k), colour: source.data.colour[k]};
      });
      nearest(means, (k) => `${means.data.name[k]}: ${means.data.told[k]}`);
      nearest(dots, (k) => `${dots.data.name[k]}, seed ${dots.data.seed[k]}: ${number(dots.data.x[k])}`);
      return best && {told: best.told, x: best.x, y: row + 0.5, place: row + 0.5, colour: best.colour};
    }, "metric-told");
    group.addEventListener("change", () => { offered(); draw(); });
    for (const control of [metric, shock]) control.addEventListener("change", draw);
    offered();
    draw();
    at("metric-chart").drawn = {dots, means};
    return Bokeh.Plotting.show(figure, at("metric-chart"));
  }

  const made = [metricChart(data.runs)];
  if (data.days) made.push(daysChart(data.days));
  Promise.all(made).then(() => document.body.setAttribute("data-charts", "drawn"));
})();
