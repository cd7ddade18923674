/*
 * closeup.js - one event in large: who maps the page, to which frame
 *
 * Processes are on the left, frames on the right, page-table entries are the
 * lines between them.  An event that concerns no page shows what else it is
 * about: the scores of an OOM kill, what a fork has done, what is promised.
 */
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 128, frame: 182, edge: 34, height: 26, step: 32, top: 30 };
const MOST_BOXES = 4;

function svg(parent, name, attributes, text)
{
    const element = document.createElementNS(SVG, name);

    for (const [key, value] of Object.entries(attributes))
        element.setAttribute(key, value);
    if (text !== undefined)
        element.textContent = text;
    parent.append(element);
    return element;
}

class Closeup {
    constructor(element, view)
    {
        this.element = element;
        this.view = view;
    }

    draw()
    {
        const { view } = this;
        const name = view.at ? view.records.name(view.at - 1) : "";

        this.element.replaceChildren();
        this.width = this.element.clientWidth;
        if (name.startsWith("OOM_"))
            this.drawScores();
        else if (name === "FORK")
            this.drawFork(view.at - 1);
        else if (name === "COMMIT" || name === "REFUSAL")
            this.drawPromises();
        else if (view.focus.page !== NONE || view.focus.frame)
            this.drawPage();
        else
            this.title("This event concerns no page.", "");
    }

    title(text, more)
    {
        svg(this.element, "text", { x: 2, y: 17, class: "strong" }, text);
        svg(this.element, "text", { x: this.width - 2, y: 17, class: "dim",
            "text-anchor": "end" }, more);
    }

    /* ---- A page ---- */

    /* The entries for this page, in the spaces of the family. */
    entries()
    {
        const { catalogue, model, focus } = this.view;
        const found = [];

        if (focus.page === NONE)
            return model.mappings(focus.frame, MOST_BOXES);
        for (const [id] of model.spaces) {
            const space = catalogue.spaces[id];
            const entry = space.entries.get(focus.page);

            if (space.family === focus.family && entry !== undefined &&
                (id === focus.space || model.low[entry] ||
                 model.high[entry]))
                found.push(entry);
        }
        /* The one of this moment is not left out. */
        found.sort((a, b) => catalogue.entrySpace[a] -
                   catalogue.entrySpace[b]);
        if (found.length > MOST_BOXES)
            found.sort((a, b) => (catalogue.entrySpace[b] ===
                focus.space) - (catalogue.entrySpace[a] ===
                focus.space));
        this.left = Math.max(0, found.length - MOST_BOXES);
        return found.slice(0, MOST_BOXES);
    }

    frames(entries)
    {
        const { model, focus } = this.view;
        const numbers = entries.filter((entry) => model.low[entry] ||
            model.high[entry]).map((entry) => model.frameOf(entry));

        numbers.push(focus.other, focus.frame);
        return [...new Set(numbers)].filter((frame) => frame)
            .slice(0, MOST_BOXES);
    }

    drawPage()
    {
        const { focus } = this.view;
        const entries = this.entries();
        const frames = this.frames(entries);
        const frameX = this.width - BOX.frame - BOX.edge;

        this.title(focus.page === NONE ? `frame ${hex(focus.frame)}` :
                   `page ${hex(focus.page * 4096)}`,
                   this.left ? `and ${this.left} more processes` : "");
        entries.forEach((entry, n) => {
            const y = BOX.top + n * BOX.step;

            this.drawLink(entry, y, frames, frameX);
            this.drawProcess(entry, y);
        });
        frames.forEach((frame, n) => this.drawFrame(
            frame, frameX, BOX.top + n * BOX.step));
        this.drawCopy(frames, frameX + BOX.frame);
    }

    /* Text that ends before it leaves its box. */
    boxText(x, y, text, kind = "")
    {
        svg(this.element, "text", { x: x + 8, y: y + 17, class: kind },
            text.length > 17 ? text.slice(0, 16) + "…" : text);
    }

    drawProcess(entry, y)
    {
        const { view } = this;
        const space = view.catalogue.entrySpace[entry];
        const isNow = space === view.focus.space;

        svg(this.element, "rect", { x: 2, y, width: BOX.width,
            height: BOX.height, rx: 5, fill: "var(--chip)",
            stroke: isNow ? "var(--mark)" : "var(--line)",
            "stroke-width": isNow ? 2.5 : 1 });
        svg(this.element, "rect", { x: 2, y, width: 7, rx: 3,
            height: BOX.height, fill: view.colourOfSpace(space) });
        this.boxText(6, y, view.titleOfSpace(space), "strong");
    }

    drawLink(entry, y, frames, frameX)
    {
        const { model } = this.view;
        const low = model.low[entry];
        const from = BOX.width + 4, middle = y + BOX.height / 2;

        if (!low && !model.high[entry]) {
            svg(this.element, "text", { x: from + 8, y: middle + 4,
                class: "dim" }, "absent");
            return;
        }

        const target = BOX.top + frames.indexOf(model.frameOf(entry)) *
            BOX.step + BOX.height / 2;
        const mayWrite = low & PTE_WRITE;

        svg(this.element, "path", { fill: "none",
            d: `M${from + 36} ${middle} C ${from + 80} ${middle}, ${
                frameX - 40} ${target}, ${frameX - 4} ${target}`,
            stroke: "var(--text)", "stroke-width": mayWrite ? 2.5 : 1.2,
            "stroke-dasharray": mayWrite ? "none" : "5 3" });
        svg(this.element, "text", { x: from + 5, y: middle + 4,
            class: mayWrite ? "mono strong" : "mono" },
            !(low & PTE_PRESENT) ? "-/-" : mayWrite ? "R/W" : "R/-");
    }

    drawFrame(frame, x, y)
    {
        const { model, records, focus } = this.view;
        const kind = model.kind[frame];
        const isFree = kind === FRAME_FREE;
        const isNow = frame === focus.frame;

        svg(this.element, "rect", { x, y, width: BOX.frame,
            height: BOX.height, rx: 2,
            fill: isFree ? "none" : "var(--free)",
            stroke: isNow ? "var(--mark)" : "var(--dim)",
            "stroke-width": isNow ? 2.5 : 1,
            "stroke-dasharray": isFree ? "4 3" : "none" });
        this.boxText(x, y, `${hex(frame)} ${
            kind === FRAME_ANON ? "" :
            known(records.meta.frame_kinds, kind)}`, "mono");
        if (isFree)
            return;
        svg(this.element, "text", { x: x + BOX.frame - 7, y: y + 17,
            "text-anchor": "end", class: model.refcount[frame] > 1 ?
                "strong" : "dim" },
            `ref ${model.refcount[frame]} map ${model.mapcount[frame]}`);
    }

    /* An arrow beside the frames, while one is copied and when it has been. */
    drawCopy(frames, x)
    {
        const { records, focus, at } = this.view;
        const name = records.name(at - 1);
        const isCopied = name === "COPY" || (name === "FAULT_END" &&
            this.view.story.faultKind(at - 1) === "cow_copy");
        const row = (frame) => BOX.top + frames.indexOf(frame) * BOX.step +
            BOX.height / 2;

        if (!isCopied || frames.indexOf(focus.other) < 0)
            return;

        const from = row(focus.other), to = row(focus.frame);

        svg(this.element, "path", { d: `M${x + 2} ${from} C ${x + 28} ${
            from}, ${x + 28} ${to}, ${x + 5} ${to} m6 -5 l-6 5 l6 5`,
            stroke: "var(--m-copy)", "stroke-width": 2.5,
            fill: "none" });
        svg(this.element, "text", { x: x + 33, y: BOX.top - 13,
            class: "dim", "text-anchor": "end" }, "copied");
    }

    /* ---- Out of memory ---- */

    drawScores()
    {
        const { model } = this.view;
        const scores = [...model.scores].sort((a, b) => b.score - a.score)
            .slice(0, 6);
        const most = Math.max(1, ...scores.map(({ score }) => score));
        const room = this.width - 290;

        this.title("Out of memory: the highest score is killed",
                   model.victim ? `pid ${model.victim} is chosen` :
                   `${model.scores.length} looked at so far`);
        scores.forEach(({ pid, score, immune }, n) => {
            const y = BOX.top + n * 24;
            const isVictim = pid === model.victim;

            this.boxText(0, y, this.view.titleOfTask(pid), "strong");
            svg(this.element, "rect", { x: 150, y: y + 5, height: 15,
                width: Math.max(1, room * Math.max(0, score) / most),
                fill: isVictim ? "var(--m-oom)" : "var(--table)" });
            svg(this.element, "text", { y: y + 17, class: "dim",
                x: 156 + room * Math.max(0, score) / most },
                immune ? "must not be chosen" :
                `${score}${isVictim ? "  ✕ killed" : ""}`);
        });
    }

    /* ---- A fork, and promises ---- */

    drawFork(end)
    {
        const { records } = this.view;
        const names = { MAP: 0, WRITE_PROTECT: 0, COPY: 0, TABLE_NEW: 0 };
        let i = end;

        for (; i > 0; i--) {
            const name = records.name(i);

            if (records.pid[i] !== records.pid[end])
                continue;
            if (name in names)
                names[name]++;
            if (name === "SPACE_NEW" &&
                records.space[i] === records.space[end])
                break;
        }
        this.title(`What this fork did, from event ${
            records.sequence[i]} on`, "");
        this.table([
            [names.MAP, "entries written into the child's tables"],
            [names.WRITE_PROTECT, "entries of the parent made read-only"],
            [names.COPY, "frames copied"],
            [names.TABLE_NEW, "page tables made, below the root"],
        ]);
    }

    table(rows)
    {
        rows.forEach(([number, text], n) => {
            const y = BOX.top + n * 28 + 18;

            svg(this.element, "text", { x: 60, y, class: "strong",
                "text-anchor": "end", "font-size": 15 }, number);
            svg(this.element, "text", { x: 72, y }, text);
        });
    }

    drawPromises()
    {
        const { model } = this.view;
        const { promised, ram, free } = model.total;
        const most = Math.max(ram, promised, 1);
        const room = this.width - 200;

        this.title("Promises and memory, in pages", "");
        [["promised to all", promised, "var(--promise-curve)"],
         ["RAM", ram, "var(--table)"],
         ["free now", free, "var(--free-curve)"],
        ].forEach(([text, value, fill], n) => {
            const y = BOX.top + n * 30;

            this.boxText(0, y, text);
            svg(this.element, "rect", { x: 140, y: y + 4, height: 17,
                width: Math.max(1, room * value / most), fill });
            svg(this.element, "text", { x: 146 + room * value / most,
                y: y + 17, class: "dim" }, value);
        });
    }
}
