/*
 * draw.js - the pictures on canvas: frames, pages, timeline
 *
 * The signs, the same everywhere: a process is a colour with a texture; a
 * frame has a stripe for each process that maps it, and the count in it. A page
 * is a full square where the process may write, half a one where it may
 * only read, an empty frame where it is absent.
 */
"use strict";

const COLOURS = 7;
const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif';

/* ---- Colours and textures ------------------------------------------- */

const Paint = {
    cache: new Map(),

    /* A colour of page.css, such as "--line". */
    colour(name)
    {
        let value = this.cache.get(name);

        if (!value) {
            value = getComputedStyle(document.documentElement)
                .getPropertyValue(name).trim();
            this.cache.set(name, value);
        }
        return value;
    },

    forget()
    {
        this.cache.clear();
    },

    /* The fill of the n-th process; a small cell has no room for texture. */
    process(context, n, isSmall)
    {
        if (isSmall)
            return this.colour(`--p${n % COLOURS}`);

        const key = `process ${n % (COLOURS * TEXTURES.length)}`;
        let fill = this.cache.get(key);

        if (!fill) {
            fill = this.textured(context, this.colour(
                `--p${n % COLOURS}`), TEXTURES[n % TEXTURES.length]);
            this.cache.set(key, fill);
        }
        return fill;
    },

    textured(context, colour, texture)
    {
        const tile = document.createElement("canvas");
        const inside = tile.getContext("2d");

        tile.width = tile.height = 8;
        inside.fillStyle = colour;
        inside.fillRect(0, 0, 8, 8);
        inside.fillStyle = inside.strokeStyle = "#ffffff66";
        inside.lineWidth = 1.2;
        texture(inside);
        return context.createPattern(tile, "repeat");
    },
};

function lines(...ends)
{
    return (context) => {
        context.beginPath();
        for (const [x, y, toX, toY] of ends) {
            context.moveTo(x, y);
            context.lineTo(toX, toY);
        }
        context.stroke();
    };
}

const TEXTURES = [
    () => {},
    lines([-1, 9, 9, -1], [-1, 1, 1, -1], [7, 9, 9, 7]),
    (context) => { context.fillRect(1, 1, 2, 2);
                   context.fillRect(5, 5, 2, 2); },
    lines([0, 2, 8, 2], [0, 6, 8, 6]),
    lines([-1, -1, 9, 9], [-1, 7, 1, 9], [7, -1, 9, 1]),
    lines([2, 0, 2, 8], [6, 0, 6, 8]),
    lines([0, 4, 8, 4], [4, 0, 4, 8]),
    (context) => { context.fillRect(0, 0, 4, 4);
                   context.fillRect(4, 4, 4, 4); },
];

/* Make the canvas so large, in CSS pixels; return its context, empty. */
function prepare(canvas, width, height)
{
    const scale = window.devicePixelRatio || 1;
    const context = canvas.getContext("2d");

    if (canvas.width !== Math.round(width * scale) ||
        canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
        Paint.cache.forEach((_, key) => key.startsWith("process") &&
            Paint.cache.delete(key));
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
}

function label(context, text, x, y, size, colour, align = "left", weight = 400)
{
    context.font = `${weight} ${size}px ${FONT}`;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.fillStyle = colour;
    context.fillText(text, x, y);
}

/* White with a dark edge. */
function outlined(context, text, x, y, size)
{
    context.font = `600 ${size}px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 2.5;
    context.strokeStyle = "#0007";
    context.strokeText(text, x, y);
    context.fillStyle = "#ffffff";
    context.fillText(text, x, y);
}

/* A count that is readable on any colour. */
function badge(context, text, x, y, size, isStrong)
{
    const wide = Math.max(size * 0.62 * text.length + 4, size);

    context.fillStyle = Paint.colour(isStrong ? "--ink-dark" : "--panel");
    context.globalAlpha = isStrong ? 1 : 0.8;
    context.beginPath();
    context.roundRect(x - wide / 2, y - size * 0.6, wide, size * 1.2, 3);
    context.fill();
    context.globalAlpha = 1;
    label(context, text, x, y + 0.5, size,
          Paint.colour(isStrong ? "--ink-light" : "--text"), "center",
          isStrong ? 700 : 400);
}

/* The largest size of cells with which all of them fit. */
function cellSize(count, width, height, sizes)
{
    for (const size of sizes)
        if (Math.floor(width / size) * Math.floor(height / size) >= count)
            return size;
    return sizes[sizes.length - 1];
}

/* A thick line around a cell. */
function ring(context, x, y, size, isDashed)
{
    context.save();
    context.lineWidth = size > 10 ? 3 : 2;
    context.strokeStyle = Paint.colour("--mark");
    if (isDashed)
        context.setLineDash([4, 3]);
    context.strokeRect(x - 1, y - 1, size + 1, size + 1);
    context.restore();
}

/* ---- Cells ----------------------------------------------------------- */

/* A stripe for each process that maps the frame. */
function stripes(context, x, y, width, height, orders)
{
    const most = Math.max(1, Math.min(orders.length, Math.floor(width / 2)));

    for (let n = 0; n < most; n++) {
        const from = Math.round(n * width / most);
        const to = Math.round((n + 1) * width / most);

        context.fillStyle = Paint.process(context, orders[n], height < 5);
        context.fillRect(x + from, y, to - from, height);
    }
}

function outline(context, x, y, size, colour)
{
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
}

function letterCell(context, x, y, size, colour, letter)
{
    context.fillStyle = colour;
    context.fillRect(x, y, size, size);
    if (size >= 10)
        label(context, letter, x + size / 2, y + size / 2 + 0.5,
              Math.min(13, size * 0.62), "#ffffff", "center", 600);
}

function zeroCell(context, x, y, size)
{
    context.fillStyle = Paint.colour("--panel");
    context.fillRect(x, y, size, size);
    outline(context, x, y, size, Paint.colour("--text"));
    if (size >= 9)
        label(context, "Z", x + size / 2, y + size / 2 + 0.5,
              Math.min(13, size * 0.62), Paint.colour("--text"),
              "center", 700);
}

/* A file's page has a folded corner. */
function corner(context, x, y, size)
{
    const fold = Math.max(3, Math.round(size * 0.34));

    if (size < 7)
        return;
    context.fillStyle = Paint.colour("--panel");
    context.beginPath();
    context.moveTo(x + size - fold, y);
    context.lineTo(x + size, y);
    context.lineTo(x + size, y + fold);
    context.fill();
    context.strokeStyle = Paint.colour("--text");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x + size - fold, y);
    context.lineTo(x + size, y + fold);
    context.stroke();
}

/* How many hold the frame: one is the usual case, and told quietly. */
function count(context, x, y, size, frame)
{
    const middle = [x + size / 2, y + size / 2];
    const height = Math.min(13, size * 0.52);

    if (frame.mapcount === 1 && frame.refcount === 1)
        outlined(context, "1", middle[0], middle[1] + 0.5, height);
    else
        badge(context, String(frame.refcount), ...middle, height,
              frame.mapcount > 1);
}

/* A frame; "orders" are the processes that map it. */
function frameCell(context, x, y, size, frame, orders)
{
    switch (frame.kind) {
    case FRAME_FREE:
    case FRAME_RESERVED:
        outline(context, x, y, size, Paint.colour("--line"));
        return;
    case FRAME_PGTABLE:
        letterCell(context, x, y, size, Paint.colour("--table"), "T");
        return;
    case FRAME_KERNEL:
        letterCell(context, x, y, size, Paint.colour("--kernel"), "K");
        return;
    case FRAME_ZERO:
        zeroCell(context, x, y, size);
        return;
    }
    if (orders.length) {
        stripes(context, x, y, size, size, orders);
    } else {
        context.fillStyle = Paint.colour("--free");
        context.fillRect(x, y, size, size);
        outline(context, x, y, size, Paint.colour("--dim"));
    }
    if (frame.kind === FRAME_OBJECT)
        corner(context, x, y, size);
    if (size >= 16)
        count(context, x, y, size, frame);
}

/* A page of a process. */
function pageCell(context, x, y, size, page, orders)
{
    if (!page.entry) {
        outline(context, x, y, size, Paint.colour("--line"));
        return;
    }
    if (page.isZero) {
        zeroCell(context, x, y, size);
        return;
    }

    const top = page.mayWrite ? 0 : Math.ceil(size / 2);

    if (top) {
        context.fillStyle = Paint.colour("--half");
        context.fillRect(x, y, size, top);
    }
    stripes(context, x, y + top, size, size - top, orders);
    if (size >= 9)
        outline(context, x, y, size, Paint.colour("--dim"));
    if (page.isFile)
        corner(context, x, y, size);
    if (size >= 15 && page.count > 1)
        badge(context, String(page.count), x + size / 2,
              y + size / 2, Math.min(11, size * 0.55), true);
}

/* ---- The frames ------------------------------------------------------ */

const FRAME_SIZES = [34, 30, 26, 24, 22, 20, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5,
                     4, 3];
const LABEL_WIDTH = 46;

class FramesView {
    constructor(canvas, view)
    {
        this.canvas = canvas;
        this.view = view;               // what page.js shows just now
        this.shown = [];                // numbers of the frames
    }

    /* Frames that have been used for something worth a cell. */
    choose()
    {
        const { catalogue } = this.view;
        const wanted = this.view.showsKernel ? 255 :
            255 & ~(1 << FRAME_KERNEL);

        this.shown = [];
        catalogue.frameKinds.forEach((kinds, frame) => {
            if (kinds & wanted)
                this.shown.push(frame);
        });
        this.place = new Map(this.shown.map((frame, n) => [frame, n]));
    }

    layout()
    {
        const box = this.canvas.parentElement;
        const width = box.clientWidth - 2, height = box.clientHeight - 4;

        this.size = cellSize(this.shown.length, width - LABEL_WIDTH,
                             height, FRAME_SIZES);
        this.columns = Math.max(1, Math.floor((width - LABEL_WIDTH) /
                                              this.size));

        const rows = Math.ceil(this.shown.length / this.columns);

        this.width = width;
        this.height = Math.max(rows * this.size + 4, 20);
    }

    draw()
    {
        const { model, view } = this;
        const focus = view.focus;

        this.layout();

        const context = prepare(this.canvas, this.width, this.height);

        if (!this.shown.length)
            label(context, this.view.records.count ?
                  "This trace has no events of the class MEMORY." :
                  "Nothing has happened yet.", 4, 12, 12,
                  Paint.colour("--dim"));
        this.drawLabels(context);
        this.shown.forEach((frame, n) => {
            const [x, y] = this.at(n);

            this.drawCell(context, x, y, frame);
        });
        if (focus.other)
            this.mark(context, focus.other, true);
        if (focus.frame)
            this.mark(context, focus.frame, false);
        if (view.pointed.frame)
            this.mark(context, view.pointed.frame, false);
    }

    get model()
    {
        return this.view.model;
    }

    drawCell(context, x, y, number)
    {
        const { model } = this;
        const kind = model.kind[number] ?? FRAME_RESERVED;
        const orders = kind === FRAME_ANON || kind === FRAME_OBJECT ?
            this.view.ordersOfFrame(number) : [];

        frameCell(context, x, y, this.size - (this.size > 6 ? 2 : 1), {
            kind, refcount: model.refcount[number],
            mapcount: model.mapcount[number] }, orders);
    }

    drawLabels(context)
    {
        const every = Math.ceil(12 / this.size);

        for (let row = 0; row * this.columns < this.shown.length;
             row += every)
            label(context, hex(this.shown[row * this.columns]),
                  LABEL_WIDTH - 6, 2 + (row + 0.5) * this.size - 1,
                  10, Paint.colour("--dim"), "right");
    }

    at(n)
    {
        return [LABEL_WIDTH + n % this.columns * this.size,
            2 + Math.floor(n / this.columns) * this.size];
    }

    mark(context, frame, isDashed)
    {
        const n = this.place.get(frame);

        if (n !== undefined)
            ring(context, ...this.at(n), this.size - 1, isDashed);
    }

    /* The frame at this place of the canvas, or 0. */
    find(x, y)
    {
        const column = Math.floor((x - LABEL_WIDTH) / this.size);
        const row = Math.floor((y - 2) / this.size);

        if (column < 0 || column >= this.columns || row < 0)
            return 0;
        return this.shown[row * this.columns + column] ?? 0;
    }
}

/* ---- The pages of each process --------------------------------------- */

const PAGE_SIZES = [20, 18, 16, 14, 12, 10, 9, 8, 7, 6, 5, 4, 3];
const RUN_LABEL = 104;
const HEAD = 22, AFTER = 7;
const MOST_LANES = 40;
const GAP = 14;                 // height of the line for absent pages
const GAPS_FROM = 8;            // such lines save room from this size down

class LanesView {
    constructor(canvas, view)
    {
        this.canvas = canvas;
        this.view = view;
        this.runs = new Map();          // family -> runs, until it grows
    }

    /* The catalogue has learned more: think again. */
    forget()
    {
        this.runs.clear();
    }

    runsOf(family)
    {
        if (!this.runs.has(family))
            this.runs.set(family, this.view.catalogue.runs(family));
        return this.runs.get(family);
    }

    layout()
    {
        const box = this.canvas.parentElement;
        const lanes = this.view.lanes().slice(0, MOST_LANES);

        this.width = box.clientWidth - 2;
        for (const lane of lanes)
            lane.offsets = this.presentPages(lane);
        this.lanes = lanes;
        for (const hasGaps of [false, true])
            for (this.size of PAGE_SIZES) {
                if (hasGaps !== this.size <= GAPS_FROM)
                    continue;
                this.height = this.place(lanes, hasGaps);
                if (this.height <= box.clientHeight - 4)
                    return;
            }
        /* No size is small enough: scroll, but see something. */
        this.size = GAPS_FROM;
        this.height = this.place(lanes, true);
    }

    /* Scroll to the process of this moment, if it is out of sight. */
    follow()
    {
        const box = this.canvas.parentElement;
        const lane = this.lanes.find((one) => one.space !== NONE &&
                                     one.space === this.view.focus.space);

        if (!lane)
            return;

        const last = lane.runs[lane.runs.length - 1];
        const end = last ? last.y + 3 * this.size : lane.y + HEAD;

        if (lane.y < box.scrollTop || end > box.scrollTop + box.clientHeight)
            box.scrollTop = Math.min(lane.y - 2,
                                     end - box.clientHeight / 2);
    }

    /* Of each run of a lane: which pages of it are there. */
    presentPages(lane)
    {
        const { model, catalogue, focus } = this.view;
        const runs = lane.space === NONE ? [] : this.runsOf(lane.family);
        const offsets = runs.map(() => []);

        if (!runs.length)
            return offsets;
        for (const [page, entry] of catalogue.spaces[lane.space].entries) {
            if (!model.low[entry] && !model.high[entry] &&
                page !== focus.page)
                continue;

            const n = runs.findIndex((run) => page >= run.first &&
                                     page < run.first + run.count);

            if (n >= 0)
                offsets[n].push(page - runs[n].first);
        }
        return offsets;
    }

    /* Give the rows of a run their places; return where it ends. */
    placeRun(run, offsets, y, hasGaps)
    {
        const { columns, size } = this;
        const rows = Math.ceil(run.count / columns);
        const present = new Set(offsets.map((n) => Math.floor(n / columns)));

        run.rows = new Map();           // row -> its place
        run.gaps = [];
        for (let row = 0; row < rows;) {
            let end = row;

            while (end < rows && !present.has(end))
                end++;
            if (hasGaps && (end - row) * size > GAP) {
                run.gaps.push({ y, pages: Math.min(
                    run.count, end * columns) - row * columns });
                y += GAP;
                row = end;
                continue;
            }
            for (end = Math.max(end, row + 1); row < end; row++) {
                run.rows.set(row, y);
                y += size;
            }
        }
        return y + 1;
    }

    /* Give every run of every lane its place; return the height of all. */
    place(lanes, hasGaps)
    {
        const columns = Math.max(1, Math.floor(
            (this.width - RUN_LABEL) / this.size));
        let y = 2;

        this.columns = columns;
        for (const lane of lanes) {
            lane.y = y;
            y += HEAD;
            lane.runs = [];
            if (lane.space !== NONE && lane.isLive)
                this.runsOf(lane.family).forEach((shape, n) => {
                    const run = { ...shape, y };

                    y = this.placeRun(run, lane.offsets[n], y, hasGaps);
                    lane.runs.push(run);
                });
            y += lane.isLive ? AFTER : 0;
        }
        return y;
    }

    draw()
    {
        this.layout();

        const context = prepare(this.canvas, this.width,
                    Math.max(this.height, 24));

        if (!this.lanes.length)
            label(context, "There is no process yet.", 4, 12, 12,
                  Paint.colour("--dim"));
        for (const lane of this.lanes) {
            this.drawHead(context, lane);
            for (const run of lane.runs)
                this.drawRun(context, lane, run);
        }
        this.drawMarks(context);
        if (this.followed !== this.view.at)
            this.follow();
        this.followed = this.view.at;
    }

    drawHead(context, lane)
    {
        const text = Paint.colour("--text"), dim = Paint.colour("--dim");
        const middle = lane.y + HEAD / 2;
        let x = 4 + lane.depth * 16;

        if (lane.depth)
            label(context, "└", x - 12, middle - 2, 13, dim);
        if (lane.order !== NONE) {
            context.fillStyle = lane.isLive ?
                Paint.process(context, lane.order) :
                Paint.colour("--line");
            context.fillRect(x, lane.y + 4, 22, HEAD - 8);
            outline(context, x, lane.y + 4, 14, "#0000");
        }
        x += 28;
        label(context, lane.title, x, middle, 13,
              lane.isLive ? text : dim, "left", lane.isLive ? 700 : 400);
        x += context.measureText(lane.title).width + 8;
        label(context, lane.state, x, middle, 11.5,
              lane.isVictim ? Paint.colour("--m-oom") : dim, "left",
              lane.isVictim ? 700 : 400);
        x += context.measureText(lane.state).width + 10;

        /* As much as there is room for. */
        const facts = lane.facts.find((text) => x + context.measureText(
            text).width < this.width);

        if (facts)
            label(context, facts, this.width - 4, middle, 11.5, dim,
                  "right");
    }

    drawRun(context, lane, run)
    {
        const { entries } = this.view.catalogue.spaces[lane.space];
        const used = this.view.catalogue.entryUsed;
        const family = this.view.catalogue.familyPages(lane.family);
        const cell = this.size - (this.size > 5 ? 2 : 1);

        if (this.size >= 10 || run.gaps.length ||
            run.count > 4 * this.columns)
            label(context, hex(run.first * 4096), RUN_LABEL - 6,
                  run.y + Math.max(this.size, 10) / 2 - 1, 10,
                  Paint.colour("--dim"), "right");
        for (const { y, pages } of run.gaps)
            label(context, `${pages} pages, all absent`, RUN_LABEL + 2,
                  y + GAP / 2 - 1, 10, Paint.colour("--dim"));
        for (let n = 0; n < run.count; n++) {
            const [x, y] = this.at(run, n);
            const entry = entries.get(run.first + n) ?? NONE;

            if (y === undefined || !family.has(run.first + n))
                continue;
            this.drawPage(context, x, y, cell,
                          entry !== NONE && used[entry] ? entry : NONE);
        }
    }

    drawPage(context, x, y, cell, entry)
    {
        const { model } = this.view;
        const low = entry === NONE ? 0 : model.low[entry];

        if (!low && (entry === NONE || !model.high[entry])) {
            pageCell(context, x, y, cell, { entry: false }, []);
            return;
        }

        const frame = model.frameOf(entry);

        pageCell(context, x, y, cell, {
            entry: true,
            isZero: model.kind[frame] === FRAME_ZERO,
            isFile: model.kind[frame] === FRAME_OBJECT,
            mayWrite: (low & PTE_WRITE) !== 0,
            count: model.mapcount[frame],
        }, this.view.ordersOfFrame(frame));
    }

    /* The place of the n-th page of a run; y is undefined in a gap. */
    at(run, n)
    {
        return [RUN_LABEL + n % this.columns * this.size,
                run.rows.get(Math.floor(n / this.columns))];
    }

    /* The page of this moment: thick where it is, dashed in its relatives. */
    drawMarks(context)
    {
        const { focus, pointed, catalogue, model } = this.view;

        for (const lane of this.lanes)
            for (const run of lane.runs)
                this.markPages(context, lane, run, focus);
        if (!pointed.frame)
            return;
        for (const entry of model.mappings(pointed.frame, 64))
            this.markEntry(context, catalogue.entrySpace[entry],
                           catalogue.entryPage[entry]);
    }

    markPages(context, lane, run, focus)
    {
        const n = focus.page - run.first;

        if (focus.family !== lane.family || !(n >= 0 && n < run.count))
            return;
        ring(context, ...this.at(run, n), this.size - 1,
             focus.space !== lane.space);
    }

    markEntry(context, space, page)
    {
        for (const lane of this.lanes)
            for (const run of lane.runs) {
                const n = page - run.first;

                if (lane.space === space && n >= 0 &&
                    n < run.count)
                    ring(context, ...this.at(run, n),
                         this.size - 1, false);
            }
    }

    /* The page at this place: { space, page, entry }, or null. */
    find(x, y)
    {
        const column = Math.floor((x - RUN_LABEL) / this.size);

        if (column < 0 || column >= this.columns)
            return null;
        for (const lane of this.lanes)
            for (const run of lane.runs) {
                for (const [row, top] of run.rows) {
                    const n = row * this.columns + column;

                    if (y >= top && y < top + this.size && n < run.count)
                        return this.found(lane, run.first + n);
                }
            }
        return null;
    }

    found(lane, page)
    {
        const { catalogue, model } = this.view;

        if (!catalogue.familyPages(lane.family).has(page))
            return null;
        return { space: lane.space, page, title: lane.title,
                 entry: model.entryOf(lane.space, page) };
    }
}

/* ---- The timeline ---------------------------------------------------- */

const TRACK_LABEL = 120, ROW = 12, THUMB = 8;
const TRACK_HEIGHT = 138;

class Track {
    constructor(canvas, view)
    {
        this.canvas = canvas;
        this.view = view;
        this.picture = document.createElement("canvas");
        this.isFresh = false;
    }

    /* Events have come, the range or the colours are others. */
    forget()
    {
        this.isFresh = false;
    }

    /* The axis, from the middle of the slider's thumb to the other end. */
    get left()
    {
        return TRACK_LABEL + THUMB;
    }

    get span()
    {
        return Math.max(1, this.width - this.left - THUMB);
    }

    x(position)
    {
        const { from, to } = this.view.range;

        return this.left + this.span * (position - from) /
            Math.max(1, to - from);
    }

    position(x)
    {
        const { from, to } = this.view.range;
        const part = Math.min(1, Math.max(0, (x - this.left) / this.span));

        return Math.round(from + part * (to - from));
    }

    draw()
    {
        this.width = this.canvas.parentElement.clientWidth - 20;
        this.height = TRACK_HEIGHT;

        const context = prepare(this.canvas, this.width, this.height);

        if (!this.isFresh || this.picture.width !== this.canvas.width)
            this.paint();
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.drawImage(this.picture, 0, 0);

        const scale = window.devicePixelRatio || 1;
        const x = Math.round(this.x(this.view.at)) + 0.5;

        context.setTransform(scale, 0, 0, scale, 0, 0);
        this.drawLabels(context);
        context.strokeStyle = Paint.colour("--mark");
        context.lineWidth = 2;
        context.beginPath();
        context.moveTo(x, 0);
        context.lineTo(x, this.height);
        context.stroke();
    }

    /* What each row is, and how many there have been so far. */
    drawLabels(context)
    {
        const counts = this.view.moments.counts(this.view.model);

        MOMENTS.forEach((moment, row) => {
            const y = row * ROW + ROW / 2;

            label(context, moment.label, TRACK_LABEL - 36, y, 10,
                  Paint.colour("--dim"), "right");
            label(context, String(counts[row]), TRACK_LABEL - 2, y,
                  10, Paint.colour(counts[row] ? "--text" : "--dim"),
                  "right", counts[row] ? 700 : 400);
        });
    }

    /* The event of this row that is closest, if one is at hand; or none. */
    snap(x, y)
    {
        const { moments, records } = this.view;
        const row = Math.floor(y / ROW);
        const from = this.position(x - 5), to = this.position(x + 5);
        const middle = this.position(x);
        let best = NONE;

        if (row >= MOMENTS.length)
            return middle;
        for (let at = Math.max(1, from); at <= to &&
             at <= records.count; at++)
            if (moments.of(at - 1) === row &&
                (best === NONE || Math.abs(at - middle) <
                 Math.abs(best - middle)))
                best = at;
        return best === NONE ? middle : best;
    }

    paint()
    {
        const context = prepare(this.picture, this.width, this.height);

        MOMENTS.forEach((moment, row) => {
            const y = row * ROW + ROW / 2;

            context.fillStyle = Paint.colour("--free");
            context.fillRect(this.left, y + ROW / 2 - 1, this.span, 1);
        });
        this.paintTicks(context);
        this.paintCurves(context);
        this.isFresh = true;
    }

    paintTicks(context)
    {
        const { moments, range, records } = this.view;
        const end = Math.min(range.to, records.count);
        const last = MOMENTS.map(() => NONE);

        for (let i = range.from; i < end; i++) {
            const moment = moments.of(i);

            if (moment === NONE)
                continue;

            const x = Math.round(this.x(i + 1));

            if (x === last[moment])
                continue;
            last[moment] = x;
            context.fillStyle = Paint.colour(
                `--m-${MOMENTS[moment].id}`);
            context.fillRect(x - 0.5, moment * ROW + 1, 1.5, ROW - 3);
        }
    }

    /* Frames that are free, as an area; promised pages, as a line. */
    paintCurves(context)
    {
        const { history, range } = this.view;
        const top = MOMENTS.length * ROW + 6;
        const height = this.height - top - 2;
        const end = Math.min(range.to, history.explored);
        const step = Math.max(1, Math.floor((range.to - range.from) /
                                            (2 * this.span)));
        const [least, most] = Track.extent(history.free, range.from, end,
                                           step);
        const [, promised] = Track.extent(history.promised, range.from,
                                          end, step);
        /* The area shows what changes: it need not begin at zero. */
        const base = least < most / 2 ? 0 :
            least - 0.15 * (most - least + 1);
        const scaled = (from, to) => (value) =>
            top + height * (1 - (value - from) / (to - from || 1));

        label(context, "▇ frames free:", TRACK_LABEL - 2, top + 5, 10,
              Paint.colour("--free-curve"), "right");
        label(context, `${least} to ${most}`, TRACK_LABEL - 2, top + 17,
              10, Paint.colour("--free-curve"), "right");
        label(context, `━ promised ≤ ${promised}`, TRACK_LABEL - 2,
              top + 33, 10, Paint.colour("--promise-curve"), "right");
        this.area(context, history.free, range.from, end, step,
                  scaled(base, most), top + height);
        this.line(context, history.promised, range.from, end, step,
                  scaled(0, promised * 1.1));
    }

    /* The least and the largest value. */
    static extent(values, from, end, step)
    {
        let least = from < end ? values[from] : 0, most = least;

        for (let i = from; i < end; i += step) {
            least = Math.min(least, values[i]);
            most = Math.max(most, values[i]);
        }
        return [least, most];
    }

    path(context, values, from, end, step, y)
    {
        context.beginPath();
        for (let i = from; i < end; i += step)
            context.lineTo(this.x(i + 1), y(values[i]));
    }

    area(context, values, from, end, step, y, bottom)
    {
        if (end <= from)
            return;
        this.path(context, values, from, end, step, y);
        context.lineTo(this.x(end), bottom);
        context.lineTo(this.x(from + 1), bottom);
        context.fillStyle = Paint.colour("--free-curve");
        context.globalAlpha = 0.35;
        context.fill();
        context.globalAlpha = 1;
    }

    line(context, values, from, end, step, y)
    {
        this.path(context, values, from, end, step, y);
        context.strokeStyle = Paint.colour("--promise-curve");
        context.lineWidth = 1.6;
        context.stroke();
    }
}
