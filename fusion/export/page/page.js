"use strict";
// Draws the neck in three linked planes on 2-D canvases: no library, no network, no WebGL.
// Points are [x, y, z] in mm (DICOM LPS); arrays run k (to the head), j (back), i (to the left),
// so axis a of an array is world axis 2 - a. Numbers that are shown come from the reading alone.
(async () => {
  const data = JSON.parse(document.getElementById("neck").textContent);
  const find = (id) => document.getElementById(id);
  // The axis that a plane cuts, the one to the right, the one downwards and its sense.
  const PLANES = [
    { name: "axial", through: 0, right: 2, down: 1, sense: 1 },
    { name: "coronal", through: 1, right: 2, down: 0, sense: -1 },
    { name: "sagittal", through: 2, right: 1, down: 0, sense: -1 },
  ];
  const MARGIN = 22, LINE = 15, NEAR_MM = 4;
  const INK = "#e1e1e1", AMBER = "#ffbe3c", CROSS = "#5adc5a";
  const COLORS = { positive: "#ff783c", negative: "#78aaff", indeterminate: "#f0dc5a" };

  async function unpacked(crop) {
    const packed = Uint8Array.from(atob(crop.levels), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const levels = new Uint8Array(await new Response(stream).arrayBuffer());
    const row = crop.shape[2];
    if (levels.length !== crop.shape[0] * crop.shape[1] * row) throw new Error("size");
    for (let start = 0; start < levels.length; start += row)
      for (let n = start + 1; n < start + row; n++) levels[n] += levels[n - 1];
    return { ...crop, levels };
  }
  const index = (crop, axis, point) => (point[2 - axis] - crop.origin[2 - axis]) / crop.step;
  const held = (value, most) => Math.min(Math.max(value, 0), most);
  function nearest(crop, point) {
    const [k, j, i] = [0, 1, 2].map((axis) => held(Math.round(index(crop, axis, point)), crop.shape[axis] - 1));
    return crop.levels[(k * crop.shape[1] + j) * crop.shape[2] + i];
  }

  // One plane at the spacing of its crop, linear between the two slices beside the point.
  function slab(crop, plane, point) {
    const strides = [crop.shape[1] * crop.shape[2], crop.shape[2], 1];
    const position = held(index(crop, plane.through, point), crop.shape[plane.through] - 1);
    const first = Math.min(Math.floor(position), Math.max(crop.shape[plane.through] - 2, 0));
    const weight = crop.shape[plane.through] > 1 ? position - first : 0;
    const rows = crop.shape[plane.down], columns = crop.shape[plane.right];
    const across = strides[plane.right], next = weight ? strides[plane.through] : 0;
    const out = new Float32Array(rows * columns);
    for (let r = 0, n = 0; r < rows; r++) {
      let from = first * strides[plane.through] + r * strides[plane.down];
      for (let c = 0; c < columns; c++, n++, from += across)
        out[n] = crop.levels[from] * (1 - weight) + crop.levels[from + next] * weight;
    }
    return { values: out, rows, columns };
  }
  // For each pixel along one axis of the picture: lower neighbour in the crop, weight of the upper.
  function taps(crop, axis, count, sense) {
    const lower = new Int32Array(count), weights = new Float32Array(count);
    const most = crop.shape[axis] - 1, edge = low[2 - axis] - crop.origin[2 - axis];
    for (let n = 0; n < count; n++) {
      const mm = ((sense > 0 ? n : count - 1 - n) + 0.5) / scale;
      const at = held((edge + mm) / crop.step, most);
      lower[n] = Math.min(Math.floor(at), Math.max(most - 1, 0));
      weights[n] = most ? at - lower[n] : 0;
    }
    return { lower, weights, next: most ? 1 : 0 };
  }
  function along(slabbed, taps, row, out) {
    const { values, columns } = slabbed, { down, right } = taps;
    const above = down.lower[row] * columns, below = above + down.next * columns, w = down.weights[row];
    for (let x = 0; x < out.length; x++) {
      const a = right.lower[x], b = a + right.next, v = right.weights[x];
      const upper = values[above + a] * (1 - v) + values[above + b] * v;
      out[x] = upper * (1 - w) + (values[below + a] * (1 - v) + values[below + b] * v) * w;
    }
  }

  const state = { joint: 0, point: [0, 0, 0], blend: 0.5, window: 0, colored: true };
  let ct, spect, low, scale, panes;

  function prepare() {
    low = ct.origin.map((mm) => mm - ct.step / 2);
    const size = ct.shape.map((count) => count * ct.step);
    scale = Math.min(3, 540 / Math.max(...size));
    panes = PLANES.map((plane) => {
      const canvas = find(plane.name), draw = canvas.getContext("2d");
      const width = Math.round(size[plane.right] * scale), height = Math.round(size[plane.down] * scale);
      draw.font = "12px sans-serif";
      const foot = wrapped(draw, data.foot, width + MARGIN);
      canvas.width = width + 2 * MARGIN;
      canvas.height = height + 2 * MARGIN + LINE * foot.length;
      const both = [ct, spect].map((crop) => ({
        right: taps(crop, plane.right, width, 1), down: taps(crop, plane.down, height, plane.sense) }));
      return { plane, canvas, draw, width, height, foot, both, image: draw.createImageData(width, height) };
    });
  }
  function wrapped(draw, sentences, width) {
    const lines = [];
    for (const { text, color } of sentences) {
      let line = "";
      for (const word of text.split(" ")) {
        const longer = line ? `${line} ${word}` : word;
        if (line && draw.measureText(longer).width > width) { lines.push({ text: line, color }); line = word; }
        else line = longer;
      }
      lines.push({ text: line, color });
    }
    return lines;
  }
  // Where a point lies in a picture, pixels; to the right and downwards as the plane says.
  function place(pane, point) {
    const { plane } = pane, from = (axis) => (point[2 - axis] - low[2 - axis]) * scale;
    const y = from(plane.down);
    return [MARGIN + from(plane.right), MARGIN + (plane.sense > 0 ? y : pane.height - y)];
  }
  function paint(pane) {
    const { plane, draw, width, height, image, both } = pane, pixels = image.data;
    const bone = slab(ct, plane, state.point), warm = slab(spect, plane, state.point);
    const grays = new Float32Array(width), heats = new Float32Array(width);
    const [dark, bright] = data.windows[state.window].levels, gain = 255 / (bright - dark);
    const share = state.colored ? state.blend : 0;
    for (let y = 0, n = 0; y < height; y++) {
      along(bone, both[0], y, grays);
      along(warm, both[1], y, heats);
      for (let x = 0; x < width; x++, n += 4) {
        const gray = held((grays[x] - dark) * gain, 255);
        const heat = Math.round(held((heats[x] - 1) * 255 / 254, 255));
        const alpha = share * Math.min(heat / 32, 1);  // little uptake leaves the CT as bright as it is
        const hatch = heats[x] < 0.5 && (x + y) % 12 === 0;  // the SPECT did not look here
        for (let c = 0; c < 3; c++)
          pixels[n + c] = hatch ? 115 : gray * (1 - alpha) + data.palette[3 * heat + c] * alpha;
        pixels[n + 3] = 255;
      }
    }
    draw.fillStyle = "#000";
    draw.fillRect(0, 0, pane.canvas.width, pane.canvas.height);
    draw.putImageData(image, MARGIN, MARGIN);
    label(pane);
  }
  function label(pane) {
    const { plane, draw, width, height, foot } = pane;
    const middle = [MARGIN + width / 2, MARGIN + height / 2];
    const ends = plane.sense > 0 ? [0, 1] : [1, 0];
    draw.textAlign = "center"; draw.textBaseline = "middle";
    draw.font = "bold 15px sans-serif"; draw.fillStyle = INK;
    draw.fillText(ct.letters[plane.down][ends[0]], middle[0], MARGIN / 2);
    draw.fillText(ct.letters[plane.down][ends[1]], middle[0], MARGIN * 1.5 + height);
    draw.fillText(ct.letters[plane.right][0], MARGIN / 2, middle[1]);
    draw.fillText(ct.letters[plane.right][1], MARGIN * 1.5 + width, middle[1]);
    const [x, y] = place(pane, state.point);
    draw.strokeStyle = CROSS; draw.lineWidth = 1;
    draw.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      draw.moveTo(x + 12 * dx, y + 12 * dy); draw.lineTo(x + 26 * dx, y + 26 * dy);
    }
    draw.stroke();
    draw.font = "12px sans-serif"; draw.textBaseline = "middle";
    const shown = data.joints[state.joint];
    for (const joint of data.joints) {
      const off = Math.abs(joint.at[2 - plane.through] - state.point[2 - plane.through]);
      if (joint.level !== shown.level || off > NEAR_MM) continue;
      const [mx, my] = place(pane, joint.at), outward = mx < middle[0] ? -1 : 1;
      draw.strokeStyle = draw.fillStyle = COLORS[joint.decision];
      draw.lineWidth = joint === shown ? 2.5 : 1;
      draw.beginPath(); draw.arc(mx, my, 9, 0, 2 * Math.PI); draw.stroke();
      draw.textAlign = outward < 0 ? "right" : "left";
      const needed = draw.measureText(joint.mark).width + 4, most = pane.canvas.width;
      const edge = outward < 0 ? Math.max(mx - 14, needed) : Math.min(mx + 14, most - needed);
      draw.fillText(joint.mark, edge, my - 14);  // no letter of side or level is ever cut off
    }
    draw.textAlign = "left"; draw.textBaseline = "top";
    foot.forEach(({ text, color }, n) => {
      draw.fillStyle = color === "amber" ? AMBER : INK;
      draw.fillText(text, MARGIN / 2, MARGIN * 2 + height + LINE * n);
    });
  }

  function show() {
    const began = performance.now();
    panes.forEach(paint);
    const joint = data.joints[state.joint];
    const there = Math.hypot(...joint.at.map((mm, n) => mm - state.point[n])) < 0.01;
    find("shown").textContent = there ? joint.said : `Moved away from ${joint.name}; no joint is named here. Choose a joint to return.`;
    document.querySelectorAll("button[data-joint]").forEach((button) => {
      button.setAttribute("aria-pressed", String(Number(button.dataset.joint) === state.joint && there));
    });
    document.documentElement.dataset.step = String(performance.now() - began);
  }
  function choose(number) {
    state.joint = held(number, data.joints.length - 1);
    state.point = [...data.joints[state.joint].at];
    show();
  }
  function move(pane, event) {
    const box = pane.canvas.getBoundingClientRect(), { plane } = pane;
    const x = (event.clientX - box.left) * pane.canvas.width / box.width - MARGIN;
    const y = (event.clientY - box.top) * pane.canvas.height / box.height - MARGIN;
    if (x < 0 || y < 0 || x > pane.width || y > pane.height) return;
    state.point[2 - plane.right] = low[2 - plane.right] + x / scale;
    state.point[2 - plane.down] = low[2 - plane.down] + (plane.sense > 0 ? y : pane.height - y) / scale;
    show();
  }
  function listen() {
    let blinking = 0;
    const blink = () => {
      clearInterval(blinking);
      blinking = blinking ? 0 : setInterval(() => { state.colored = !state.colored; show(); }, 500);
      if (!blinking) { state.colored = true; show(); }
      find("blink").setAttribute("aria-pressed", String(Boolean(blinking)));
    };
    find("blink").addEventListener("click", blink);
    find("blend").addEventListener("input", (event) => { state.blend = Number(event.target.value) / 100; show(); });
    find("preset").addEventListener("change", (event) => { state.window = Number(event.target.value); show(); });
    document.querySelectorAll("button[data-joint]").forEach((button) => {
      button.addEventListener("click", () => choose(Number(button.dataset.joint)));
    });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || /INPUT|SELECT/.test(event.target.tagName)) return;
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (step) { event.preventDefault(); choose(state.joint + step); }
      if (event.key.toLowerCase() === "b") blink();
    });
    for (const pane of panes) {
      pane.canvas.addEventListener("pointerdown", (event) => move(pane, event));
      pane.canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) move(pane, event); });
      pane.canvas.addEventListener("wheel", (event) => {
        event.preventDefault();
        const world = 2 - pane.plane.through, most = low[world] + ct.shape[pane.plane.through] * ct.step;
        state.point[world] = Math.min(Math.max(state.point[world] - Math.sign(event.deltaY), low[world]), most);
        show();
      }, { passive: false });
    }
  }
  // Whatever went wrong with side or place on the way here: then the still pictures stay.
  function isRight() {
    const values = data.joints.every((joint) => joint.checks.every((found, n) => [ct, spect].every((crop, m) => {
      const [x, y, z, level] = found[m], near = crop.step + 1e-6;
      const there = n > 0 || [x, y, z].every((mm, axis) => Math.abs(mm - joint.at[axis]) <= near);
      return there && nearest(crop, [x, y, z]) === level;
    })));
    const sides = data.joints.every(({ at }) => panes.every((pane) => {
      const to = (axis) => at.map((mm, n) => mm + (n === axis ? 10 : 0));
      const [x, y] = place(pane, at);
      if (pane.plane.right === 2) return place(pane, to(0))[0] > x && ct.letters[2][1] === "L";
      return place(pane, to(1))[0] > x && place(pane, to(2))[1] < y;
    }));
    return values && sides;
  }

  function stop(why) {
    find("still").textContent = data[why];
    document.documentElement.dataset.stopped = why;
  }

  try {
    [ct, spect] = await Promise.all([unpacked(data.ct), unpacked(data.spect)]);
    prepare();
    if (!isRight()) { stop("wrong"); return; }
    choose(0);
    listen();
    document.querySelectorAll("#viewer [disabled]").forEach((one) => { one.disabled = false; });
    document.documentElement.classList.add("moving");
    document.documentElement.dataset.ready = String(performance.now());
  } catch (error) {
    stop("lacking");
  }
})();
