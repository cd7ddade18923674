/*
 * page.js - the page: where we are in the run, and what is shown of it
 *
 * A position is a number of events that have happened: at position 7 the event
 * shown is the seventh.  Tests ask window.calf.
 */
"use strict";

const SLICE_EVENTS = 20000;     // explored between two looks at the user,
const REDRAW_MS = 250;          // and how often that is drawn
const POLL_MS = 300;
const ROW_HEIGHT = 20;
const PLAY_MS = 120;
const MOST_ENDED = 3;           // processes that are gone and still listed
const FIRST_PID = 1;
const byId = (id) => document.getElementById(id);

/* ---- What is shown --------------------------------------------------- */

class View {
    constructor(records, history)
    {
        this.records = records;
        this.history = history;
        this.catalogue = history.catalogue;
        this.story = new Story(records, history.catalogue);
        this.moments = new Moments(records);
        this.at = 0;
        this.range = { from: 0, to: 0 };
        this.showsKernel = false;
        this.pointed = { frame: 0 };
        this.focus = this.focusAt(0);
    }

    get model()
    {
        return this.history.model;
    }

    seek(position)
    {
        this.at = Math.max(0, Math.min(this.records.count, position));
        this.history.seek(this.at);
        this.orders = new Map();
        this.focus = this.focusAt(this.at);
    }

    /* What the event is about: a page of a space, a frame, another one. */
    focusAt(position)
    {
        const { records, catalogue } = this;
        const i = position - 1;
        const focus = { page: NONE, space: NONE, family: NONE, frame: 0,
                other: 0 };

        if (i < 0)
            return focus;

        const event = records.event[i];
        const name = records.name(i);

        if (catalogue.isFrame[event] || catalogue.isEntry[event])
            focus.frame = records.frame[i];
        if (name === "COPY" || name === "FAULT_END")
            focus.other = records.other[i];

        let entry = catalogue.entry[i];

        if (entry === NONE && catalogue.isFrame[event])
            entry = this.entryNear(i);
        if (entry === NONE)
            return focus;
        focus.space = catalogue.entrySpace[entry];
        focus.page = catalogue.entryPage[entry];
        focus.family = catalogue.spaces[focus.space].family;
        if (name === "FAULT")
            focus.frame = this.model.frameOf(entry);
        return focus;
    }

    /* A frame event says no page: that of the fault, or one with the frame. */
    entryNear(i)
    {
        const { catalogue, records } = this;
        const fault = catalogue.enclosingFault(i);

        if (fault !== NONE)
            return catalogue.entry[fault];
        /* In a fork or an exit the page is named just before or after. */
        for (const near of [i + 1, i - 1, i + 2, i - 2])
            if (near >= 0 && near < records.count &&
                catalogue.isEntry[records.event[near]] &&
                records.frame[near] === records.frame[i])
                return catalogue.entry[near];
        return this.model.mappings(records.frame[i], 1)[0] ?? NONE;
    }

    /* ---- Processes ---- */

    orderOfSpace(space)
    {
        const { pid, maker } = this.catalogue.spaces[space];

        return this.catalogue.order.get(pid || maker) ?? 0;
    }

    /* The processes that map the frame, by the order in which they came. */
    ordersOfFrame(frame)
    {
        let orders = this.orders.get(frame);

        if (!orders) {
            orders = [...new Set(this.model.sharers(frame).map(
                (space) => this.orderOfSpace(space)))];
            orders.sort((a, b) => a - b);
            this.orders.set(frame, orders);
        }
        return orders;
    }

    colourOfSpace(space)
    {
        return `var(--p${this.orderOfSpace(space) % COLOURS})`;
    }

    titleOfTask(pid)
    {
        const task = this.model.tasks.get(pid);

        return `pid ${pid}${task?.name ? " " + task.name : ""}`;
    }

    titleOfSpace(space)
    {
        const { pid, maker } = this.catalogue.spaces[space];
        const task = this.model.tasks.get(pid);

        if (task && (task.space === space || task.status !== null))
            return this.titleOfTask(pid);
        if (this.model.spaces.get(space)?.ends)
            return `pid ${pid || maker}, old space`;
        return pid ? `pid ${pid}, new space` : `pid ${maker} makes it`;
    }

    /* A lane for each address space and process, children below parents. */
    lanes()
    {
        const spacesOf = this.spacesOfTasks();
        const children = this.children(spacesOf);
        const lanes = [];
        const visit = (pid, depth) => {
            /* A thread runs in the space of another; an ended one in none. */
            for (const space of spacesOf.get(pid) ?? [NONE])
                lanes.push(this.lane(pid, space, depth));
            spacesOf.delete(pid);
            for (const child of children.get(pid) ?? [])
                visit(child, depth + 1);
        };

        for (const pid of children.get(0) ?? [])
            visit(pid, 0);
        /* While the first process is being made, there is none. */
        for (const [pid, own] of spacesOf)
            for (const space of own)
                lanes.push(this.lane(pid, space, 0));
        return lanes;
    }

    /* pid -> its spaces; one that is being made is its maker's. */
    spacesOfTasks()
    {
        const { tasks, spaces } = this.model;
        const found = new Map();

        for (const [id, space] of spaces)
            if (!space.ends || space.pages) {
                const { pid, maker } = this.catalogue.spaces[id];
                const owner = tasks.has(pid) ? pid : maker;

                found.set(owner, [...found.get(owner) ?? [], id]);
            }
        return found;
    }

    /* pid -> those of its children that are shown; of 0: the first ones. */
    children(spacesOf)
    {
        const tasks = [...this.model.tasks.values()];
        const isLive = (pid) => this.model.tasks.get(pid)?.status === null;
        const ended = tasks.filter((task) => task.status !== null &&
                                   !spacesOf.has(task.pid));
        const shown = tasks.filter((task) => task.status === null ||
                                   spacesOf.has(task.pid));
        const children = new Map();

        /* The latest of those that are gone. */
        ended.sort((a, b) => b.ended - a.ended);
        for (const { pid, parent } of [...shown,
                                       ...ended.slice(0, MOST_ENDED)]) {
            /* The children of a process that has ended are the first's. */
            const above = pid === FIRST_PID ? 0 : isLive(parent) ? parent :
                isLive(FIRST_PID) ? FIRST_PID : 0;

            if (!children.has(above))
                children.set(above, []);
            children.get(above).push(pid);
        }
        return children;
    }

    lane(pid, space, depth)
    {
        const { model, catalogue } = this;
        const task = model.tasks.get(pid);
        const cpu = model.running.indexOf(pid);

        return {
            space, depth, pid,
            isLive: space !== NONE || task?.status === null,
            isVictim: model.victim === pid,
            order: space === NONE ? catalogue.order.get(pid) :
                this.orderOfSpace(space),
            family: space === NONE ? NONE :
                catalogue.spaces[space].family,
            title: space === NONE ? this.titleOfTask(pid) :
                this.titleOfSpace(space),
            state: model.victim === pid ? "✕ killed: out of memory" :
                task && task.status !== null ?
                FORMS.status(BigInt(task.status), this.records.meta) :
                cpu !== -1 ? `▶ runs${model.running.length > 1 ?
                    " on CPU " + cpu : ""}` : "",
            facts: space === NONE ? [] : this.laneFacts(space),
        };
    }

    laneFacts(space)
    {
        const { model, catalogue } = this;
        let shared = 0;

        for (const entry of catalogue.spaces[space].entries.values())
            if ((model.low[entry] || model.high[entry]) &&
                model.mapcount[model.frameOf(entry)] > 1)
                shared++;

        const { pages, tables } = model.spaces.get(space);

        return [`${pages} pages, ${shared} shared, ${tables} tables`,
            `${pages} pages, ${shared} shared`, `${pages} pages`];
    }
}

/* ---- Which events are listed ----------------------------------------- */

class Filter {
    constructor(view)
    {
        const { number } = view.records;

        this.view = view;
        this.groupOf = new Uint8Array(256).fill(GROUPS.length - 1);
        GROUPS.forEach((group, g) => {
            for (const name of group.names)
                if (number[name] !== undefined)
                    this.groupOf[number[name]] = g;
        });
        this.on = GROUPS.map((group) => group.on);
        this.pid = NONE;
        this.kind = NONE;               // of faults
        this.refresh();
    }

    /* Start anew: the rules have changed. */
    refresh()
    {
        this.found = new Uint32Array(1024);
        this.count = 0;
        this.seen = 0;
        this.update();
    }

    /* More events have come. */
    update()
    {
        const { records } = this.view;

        for (; this.seen < records.count; this.seen++)
            if (this.matches(this.seen)) {
                if (this.count === this.found.length)
                    this.found = larger(this.found,
                                        2 * this.count);
                this.found[this.count++] = this.seen + 1;
            }
    }

    matches(i)
    {
        const { records } = this.view;

        if (!this.on[this.groupOf[records.event[i]]])
            return false;
        if (this.pid !== NONE && records.pid[i] !== this.pid)
            return false;
        return this.kind === NONE ||
            (records.event[i] === records.number.FAULT_END &&
             records.kind[i] === this.kind);
    }

    /* How many of those found are at this position or before. */
    rank(position)
    {
        let low = 0, high = this.count;

        while (low < high) {
            const middle = low + high >> 1;

            if (this.found[middle] <= position)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /* The position so many listed events away. */
    step(position, by)
    {
        const rank = this.rank(position);
        const isListed = rank > 0 && this.found[rank - 1] === position;
        const target = rank - 1 + by + (by < 0 && !isListed ? 1 : 0);

        if (target < 0)
            return 0;
        return this.found[Math.min(target, this.count - 1)] ?? position;
    }
}

/* ---- The list of events ---------------------------------------------- */

class List {
    constructor(element, view, filter, go)
    {
        this.element = element;
        this.view = view;
        this.filter = filter;
        this.go = go;
        this.top = 0;
        element.addEventListener("wheel", (event) => {
            event.preventDefault();
            this.top += Math.sign(event.deltaY) * 3;
            this.draw();
        }, { passive: false });
        element.addEventListener("click", (event) => {
            const row = event.target.closest(".row");

            if (event.target.classList.contains("seek"))
                copyText(event.target.textContent);
            else if (row)
                this.go(Number(row.dataset.position));
        });
    }

    get rows()
    {
        return Math.max(3, Math.floor(this.element.clientHeight /
                                      ROW_HEIGHT));
    }

    /* The event of this moment comes to the third of the list's height. */
    follow()
    {
        this.top = this.filter.rank(this.view.at) -
            Math.floor(this.rows / 3);
        this.draw();
    }

    draw()
    {
        const { filter, rows } = this;
        const rank = filter.rank(this.view.at);
        const parts = [];

        this.top = Math.max(0, Math.min(this.top, filter.count - rows));
        for (let n = this.top; n < Math.min(filter.count,
                                             this.top + rows); n++)
            parts.push(this.row(filter.found[n], n === rank - 1));
        if (!parts.length)
            parts.push(element("div", "empty",
                "No event passes the filter."));
        this.element.replaceChildren(...parts);
    }

    row(position, isLatest)
    {
        const { records, moments, catalogue, at } = this.view;
        const i = position - 1;
        const moment = moments.of(i);
        const row = element("div", "row");
        const sign = element("span", "sign", moment === NONE ? "·" :
            MOMENTS[moment].letter);

        if (moment !== NONE)
            sign.style.color = `var(--m-${MOMENTS[moment].id})`;
        if (position === at)
            row.classList.add("now");
        if (isLatest && position === at)
            row.setAttribute("aria-selected", "true");
        if (catalogue.mate[i] === NONE && catalogue.enclosingFault(i) !==
            NONE)
            row.classList.add("fault-part");
        row.dataset.position = position;
        row.setAttribute("role", "option");
        row.append(element("span", "number", records.sequence[i]), sign,
                   element("span", "pid", records.pid[i] || "–"),
                   element("span", "text", records.sentence(i)),
                   element("span", "seek",
                           `seek ${records.sequence[i]}`));
        row.title = records.sentence(i);
        return row;
    }
}

function element(name, kind, text)
{
    const made = document.createElement(name);

    made.className = kind;
    if (text !== undefined)
        made.textContent = text;
    return made;
}

function copyText(text)
{
    navigator.clipboard?.writeText(text).catch(() => {});
}

/* ---- The page -------------------------------------------------------- */

class Page {
    constructor(meta)
    {
        this.meta = meta;
        this.records = new Records(meta);
        this.history = new History(this.records);
        this.view = new View(this.records, this.history);
        this.filter = new Filter(this.view);
        this.frames = new FramesView(byId("frames"), this.view);
        this.lanes = new LanesView(byId("lanes"), this.view);
        this.track = new Track(byId("track"), this.view);
        this.closeup = new Closeup(byId("closeup"), this.view);
        this.list = new List(byId("list"), this.view, this.filter,
                             (position) => this.go(position));
        this.isReady = false;
        this.redrawn = 0;
        this.playing = 0;
        byId("title").textContent = meta.title;
        document.title = `Calf: ${meta.title}`;
    }

    /* ---- Records come ---- */

    append(block)
    {
        this.records.append(block);
    }

    /* Show what has been appended. */
    update()
    {
        const { view } = this;
        const wasAll = view.range.to;

        this.history.update();
        this.filter.update();
        this.frames.choose();
        this.lanes.forget();
        this.track.forget();
        if (!wasAll || view.range.isWhole)
            this.showRange(this.usualStart(), this.records.count);
        else
            view.range.to = Math.max(view.range.to, wasAll);
        this.fillChoices();
    }

    usualStart()
    {
        return this.showsBoot ? 0 : this.catalogue.firstProcess;
    }

    get catalogue()
    {
        return this.history.catalogue;
    }

    showRange(from, to)
    {
        const { count } = this.records;
        const range = this.view.range;

        range.from = Math.max(0, Math.min(from, count));
        range.to = Math.max(range.from + 1, Math.min(to, count));
        range.isWhole = range.to >= count &&
            range.from <= this.usualStart();
        byId("slider").min = range.from;
        byId("slider").max = range.to;
        this.track.forget();
    }

    /* Explore the rest of the run, a slice at a time. */
    explore()
    {
        const { history, records } = this;

        if (history.explored >= records.count) {
            this.isExploring = false;
            return;
        }
        history.explore(history.explored + SLICE_EVENTS);
        this.isExploring = history.explored < records.count;
        if (!this.isExploring || performance.now() > this.redrawn +
            REDRAW_MS) {
            this.redrawn = performance.now();
            this.track.forget();
            this.draw();
        }
        setTimeout(() => this.explore(), 0);
    }

    /* ---- Where we are ---- */

    go(position)
    {
        const { view } = this;

        view.seek(position);
        if (view.at < view.range.from || view.at > view.range.to)
            this.showRange(Math.min(view.at, view.range.from),
                           Math.max(view.at, view.range.to));
        this.list.follow();
        this.draw();
        this.noteInAddress();
    }

    noteInAddress()
    {
        try {
            history.replaceState(null, "", `#${this.sequenceAt()}`);
        } catch (problem) {
            /* Some browsers forbid it in a page from a file. */
        }
    }

    sequenceAt()
    {
        return this.view.at ? this.records.sequence[this.view.at - 1] : 0;
    }

    /* The position of the event with this number, or of the one before. */
    positionOf(sequence)
    {
        let low = 0, high = this.records.count;

        while (low < high) {
            const middle = low + high >> 1;

            if (this.records.sequence[middle] <= sequence)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /* To the next event, or the one before, that the test finds good. */
    goWhere(isGood, direction)
    {
        const { count } = this.records;

        for (let at = this.view.at + direction; at > 0 && at <= count;
             at += direction)
            if (isGood(at - 1)) {
                this.go(at);
                return;
            }
    }

    /* Faults of which the trace has only the end count too. */
    goFault(direction)
    {
        const { number, event } = this.records;
        const { mate } = this.catalogue;

        this.goWhere((i) => event[i] === number.FAULT ||
            (event[i] === number.FAULT_END && mate[i] === NONE),
            direction);
    }

    goCopy(direction)
    {
        this.goWhere((i) => MOMENTS[this.view.moments.of(i)]?.id ===
            "copy", direction);
    }

    goFrame(frame, direction)
    {
        const { records, catalogue } = this;

        this.goWhere((i) => (catalogue.isFrame[records.event[i]] ||
            catalogue.isEntry[records.event[i]]) &&
            (records.frame[i] === frame ||
             (records.other[i] === frame &&
              records.name(i) === "COPY")), direction);
    }

    goEntry(entry, direction)
    {
        this.goWhere((i) => this.catalogue.entry[i] === entry, direction);
    }

    /* A first sight worth seeing: the first copy after the last program's
     * first fork, or what comes closest. */
    goToStart()
    {
        const wanted = /^#(\d+)$/.exec(location.hash);
        const { count, event, number } = this.records;
        const begins = (name, from) => {
            for (let i = from; i < count; i++)
                if (event[i] === number[name])
                    return i + 1;
            return from;
        };
        let at = wanted ? this.positionOf(Number(wanted[1])) : 0;

        if (!wanted) {
            for (let i = 0; i < count; i++)
                if (event[i] === number.EXEC)
                    at = i + 1;
            at = begins("FORK", at);
        }
        this.view.seek(at);
        if (!wanted)
            this.goCopy(1);
        if (!wanted && this.view.at === at)
            this.goFault(1);
        this.go(this.view.at);
    }

    togglePlay()
    {
        if (this.playing) {
            clearInterval(this.playing);
            this.playing = 0;
        } else {
            this.playing = setInterval(() => {
                const next = this.filter.step(this.view.at, 1);

                if (next === this.view.at)
                    this.togglePlay();
                else
                    this.go(next);
            }, PLAY_MS);
        }
        byId("play").textContent = this.playing ? "pause" : "play";
    }

    /* ---- Drawing ---- */

    /* Once for each time the screen is painted. */
    draw()
    {
        if (this.isAsked)
            return;
        this.isAsked = true;
        requestAnimationFrame(() => {
            this.isAsked = false;
            this.drawNow();
        });
    }

    drawNow()
    {
        this.drawText();
        this.frames.draw();
        this.lanes.draw();
        this.track.draw();
        this.closeup.draw();
        this.list.draw();
    }

    drawText()
    {
        const { view, records } = this;
        const i = view.at - 1;
        const total = records.count ?
            records.sequence[records.count - 1] : 0;

        byId("slider").value = view.at;
        byId("slider").setAttribute("aria-valuetext",
            `event ${this.sequenceAt()}`);
        if (document.activeElement !== byId("number"))
            byId("number").value = this.sequenceAt();
        byId("of").textContent = `of ${total}` +
            (this.catalogue.gaps ?
             `, ${this.catalogue.gaps} are missing` : "") +
            (this.isExploring ? " …" : "");
        byId("time").textContent = i < 0 ? "" : this.timeText(i);
        byId("range").textContent = view.range.isWhole &&
            this.showsBoot ? "without boot" :
            view.range.isWhole ? "with boot" : "whole run";
        byId("where").textContent = i < 0 ? "Before the first event" :
            `${records.name(i)}${this.whoText(i)}`;
        byId("sentence").textContent = i < 0 ?
            "The machine has not started." : this.capital(i);
        byId("reason").textContent = i < 0 ? "" : view.story.reason(i);
        byId("command").style.visibility = i < 0 ? "hidden" : "visible";
        byId("seek").textContent = `seek ${this.sequenceAt()}`;
        this.drawFigures();
    }

    capital(i)
    {
        const text = this.records.sentence(i);

        return text[0].toUpperCase() + text.slice(1) + ".";
    }

    whoText(i)
    {
        const pid = this.records.pid[i];
        const where = ` · CPU ${this.records.cpu[i]}`;

        return pid ? `${where} · ${this.view.titleOfTask(pid)}` : where;
    }

    timeText(i)
    {
        const ticks = this.records.time[i] - this.records.time[0];
        const { hertz } = this.history.scout.total;

        return hertz ? `${(ticks * 1000 / hertz).toFixed(3)} ms` :
            `${ticks} ticks`;
    }

    drawFigures()
    {
        const { model } = this.view;
        const { total } = model;
        const { frames, saved } = model.sharing();
        const parts = [
            [total.free, `of ${this.history.scout.total.ram} frames free`],
            [total.promised, "pages promised"],
            [frames, "shared frames"],
            [saved, "frames saved by sharing"],
        ];

        byId("figures").replaceChildren(...parts.map(([n, text]) => {
            const span = element("span", "");

            span.append(element("b", "", n), ` ${text}`);
            return span;
        }));
        byId("frames-note").textContent =
            `${this.frames.shown.length} that were ever used`;
    }

    /* ---- Filter ---- */

    fillChoices()
    {
        const pids = [...this.catalogue.order.keys()];
        const select = byId("pid");

        if (select.options.length === pids.length + 1)
            return;

        const chosen = select.value || NONE;

        select.replaceChildren(new Option("every process", NONE),
            ...pids.map((pid) => new Option(`pid ${pid}`, pid)));
        select.value = chosen;
    }

    refilter()
    {
        this.filter.refresh();
        this.list.follow();
    }

    makeFilter()
    {
        GROUPS.forEach((group, g) => {
            const button = element("button", "", group.label);

            button.dataset.group = group.id;
            button.setAttribute("aria-pressed", this.filter.on[g]);
            button.onclick = () => {
                this.filter.on[g] = !this.filter.on[g];
                button.setAttribute("aria-pressed",
                                    this.filter.on[g]);
                this.refilter();
            };
            byId("groups").append(button);
        });
        byId("kind").append(new Option("any kind", NONE),
            ...this.meta.fault_kinds.map((kind, n) =>
                new Option(kind, n)));
        for (const field of ["pid", "kind"])
            byId(field).onchange = (event) => {
                this.filter[field] = Number(event.target.value);
                this.refilter();
            };
    }

    /* ---- Controls ---- */

    makeControls()
    {
        const click = (id, what) => { byId(id).onclick = what; };
        const { filter, view } = this;
        const step = (by) => this.go(filter.step(view.at, by));

        click("first", () => this.go(0));
        click("last", () => this.go(this.records.count));
        click("back", (event) => step(event.shiftKey ? -10 : -1));
        click("forth", (event) => step(event.shiftKey ? 10 : 1));
        click("play", () => this.togglePlay());
        click("previous-fault", () => this.goFault(-1));
        click("next-fault", () => this.goFault(1));
        click("next-copy", () => this.goCopy(1));
        click("copy", () => copyText(byId("seek").textContent));
        click("theme", () => this.toggleTheme());
        click("help", () => byId("keys").showModal());
        click("range", () => this.toggleRange());
        byId("slider").oninput = (event) =>
            this.go(Number(event.target.value));
        byId("number").onchange = (event) =>
            this.go(this.positionOf(Number(event.target.value)));
        byId("kernel-frames").onchange = (event) => {
            view.showsKernel = event.target.checked;
            this.frames.choose();
            this.draw();
        };
        window.addEventListener("resize", () => {
            this.track.forget();
            this.list.follow();
            this.draw();
        });
        window.addEventListener("hashchange", () => {
            const wanted = /^#(\d+)$/.exec(location.hash);

            if (wanted && Number(wanted[1]) !== this.sequenceAt())
                this.go(this.positionOf(Number(wanted[1])));
        });
        document.addEventListener("keydown",
                                  (event) => this.onKey(event), true);
    }

    onKey(event)
    {
        const { filter, view } = this;
        const typing = event.target.matches?.(
            'input[type="number"], select, dialog *');
        const step = (by) => this.go(filter.step(
            view.at, event.shiftKey ? 10 * by : by));
        const keys = {
            ArrowLeft: () => step(-1), ArrowRight: () => step(1),
            Home: () => this.go(0),
            End: () => this.go(this.records.count),
            f: () => this.goFault(event.shiftKey ? -1 : 1),
            c: () => this.goCopy(event.shiftKey ? -1 : 1),
            " ": () => this.togglePlay(),
            g: () => byId("number").select(),
            t: () => this.toggleTheme(),
            "?": () => byId("keys").showModal(),
        };
        const key = event.key.length === 1 ? event.key.toLowerCase() :
            event.key;

        if (typing || event.ctrlKey || event.altKey || event.metaKey ||
            !keys[key])
            return;
        event.preventDefault();
        keys[key]();
    }

    toggleTheme()
    {
        const root = document.documentElement;

        root.dataset.theme = root.dataset.theme === "dark" ? "light" :
            "dark";
        this.repaint();
    }

    /* Other colours. */
    repaint()
    {
        Paint.forget();
        this.track.forget();
        this.makeLegends();
        this.draw();
    }

    toggleRange()
    {
        if (this.view.range.isWhole)
            this.showsBoot = !this.showsBoot;
        this.showRange(this.usualStart(), this.records.count);
        this.go(this.view.at);
    }

    /* ---- The mouse ---- */

    makeMouse()
    {
        this.onCanvas("frames", (x, y) => this.pointAtFrame(x, y),
                      (target, direction) =>
                              this.goFrame(target.frame, direction));
        this.onCanvas("lanes", (x, y) => this.pointAtPage(x, y),
                      (target, direction) =>
                              this.goEntry(target.entry, direction));

        const track = byId("track");

        track.addEventListener("pointerdown", (event) => {
            track.setPointerCapture(event.pointerId);
            this.go(this.track.snap(event.offsetX, event.offsetY));
        });
        track.addEventListener("pointermove", (event) => {
            if (event.buttons && Math.abs(event.movementX) > 0)
                this.go(this.track.position(event.offsetX));
        });
        track.addEventListener("wheel", (event) => {
            event.preventDefault();
            this.zoom(this.track.position(event.offsetX),
                      event.deltaY < 0 ? 0.7 : 1 / 0.7);
        }, { passive: false });
    }

    zoom(around, factor)
    {
        const { from, to } = this.view.range;

        if (factor < 1 && to - from < 50)
            return;
        this.showRange(
            Math.max(this.usualStart(), Math.floor(
                around - (around - from) * factor)),
            Math.ceil(around + (to - around) * factor));
        this.draw();
    }

    /* Pointing shows a tip, a click goes to the next event about it. */
    onCanvas(id, point, click)
    {
        const canvas = byId(id);

        canvas.addEventListener("mousemove", (event) => {
            const target = point(event.offsetX, event.offsetY);

            this.showTip(target?.text, event);
            if (this.view.pointed.frame !== (target?.frame ?? 0)) {
                this.view.pointed = { frame: target?.frame ?? 0 };
                this.draw();
            }
        });
        canvas.addEventListener("mouseleave", () => {
            this.view.pointed = { frame: 0 };
            this.showTip("");
            this.draw();
        });
        canvas.addEventListener("click", (event) => {
            const target = point(event.offsetX, event.offsetY);

            if (target)
                click(target, event.shiftKey ? -1 : 1);
        });
    }

    showTip(text, event)
    {
        const tip = byId("tip");

        tip.hidden = !text;
        if (!text)
            return;
        tip.textContent = text;
        tip.style.left = `${Math.min(event.clientX + 14,
            innerWidth - tip.offsetWidth - 8)}px`;
        tip.style.top = `${Math.min(event.clientY + 14,
            innerHeight - tip.offsetHeight - 8)}px`;
    }

    pointAtFrame(x, y)
    {
        const frame = this.frames.find(x, y);

        return frame ? { frame, text: this.frameText(frame) } : null;
    }

    frameText(frame)
    {
        const { model, catalogue } = this.view;
        const lines = [`frame ${hex(frame)}: ${
            known(this.meta.frame_kinds, model.kind[frame])}`];
        const entries = model.mappings(frame, 8);

        if (model.refcount[frame])
            lines.push(`refcount ${model.refcount[frame]
                }, mapcount ${model.mapcount[frame]}`);
        for (const entry of entries)
            lines.push(`${this.view.titleOfSpace(
                catalogue.entrySpace[entry])}: ${
                hex(catalogue.entryPage[entry] * 4096)} ${
                model.low[entry] & PTE_WRITE ? "R/W" : "R/-"}`);
        if (model.mapcount[frame] > entries.length)
            lines.push(`and ${model.mapcount[frame] -
                entries.length} more`);
        return lines.join("\n");
    }

    pointAtPage(x, y)
    {
        const found = this.lanes.find(x, y);
        const { model } = this.view;

        if (!found)
            return null;

        const raw = found.entry === NONE ? 0n :
            BigInt(model.high[found.entry]) << 32n |
            BigInt(model.low[found.entry]);
        const frame = raw ? model.frameOf(found.entry) : 0;

        return { entry: found.entry, frame, text:
            `${found.title}: page ${hex(found.page * 4096)}\n${
                pteText(raw)}` +
            (frame ? "\n" + this.frameText(frame) : "") };
    }

    /* ---- Legends ---- */

    makeLegends()
    {
        const frame = (kind, refcount, orders) => (context) =>
            frameCell(context, 1, 1, 18, { kind, refcount,
                mapcount: orders.length }, orders);
        const page = (more, orders) => (context) =>
            pageCell(context, 1, 1, 18, { entry: true, count: 1,
                                          ...more }, orders);

        this.legend("frames-legend", [
            [frame(FRAME_ANON, 1, [1]), "of one process, its count"],
            [frame(FRAME_ANON, 3, [0, 1, 2]), "shared: a stripe each"],
            [frame(FRAME_OBJECT, 1, []), "of a file, not mapped"],
            [frame(FRAME_OBJECT, 2, [1]), "the same, mapped"],
            [frame(FRAME_ZERO, 1, []), "the zero frame"],
            [frame(FRAME_PGTABLE, 1, []), "page table"],
            [frame(FRAME_FREE, 0, []), "free again"],
        ]);
        this.legend("lanes-legend", [
            [page({ mayWrite: true }, [1]), "may write"],
            [page({}, [1]), "may only read"],
            [page({ count: 2 }, [1, 2]),
             "shared, by how many: a write copies"],
            [page({ isFile: true }, [1]), "a file's page"],
            [page({ isZero: true }, []), "zero frame"],
            [page({ entry: false }, []), "absent"],
        ]);
    }

    legend(id, signs)
    {
        byId(id).replaceChildren(...signs.map(([paint, text]) => {
            const sign = element("span", "");
            const canvas = document.createElement("canvas");

            paint(prepare(canvas, 20, 20));
            sign.append(canvas, text);
            return sign;
        }));
    }

    /* ---- Start ---- */

    start()
    {
        const isDark = matchMedia("(prefers-color-scheme: dark)").matches;

        document.documentElement.dataset.theme = isDark ? "dark" : "light";
        this.makeFilter();
        this.makeControls();
        this.makeMouse();
        this.makeLegends();
        this.update();
        this.goToStart();
        this.isReady = true;
        this.explore();
    }

    /* ---- Live ---- */

    async poll()
    {
        const answer = await fetch(`events?${this.records.count}`);
        const block = await unpacked(new Uint8Array(
            await answer.arrayBuffer()));

        if (block.length) {
            this.append(block);
            this.update();
            if (byId("follow").checked)
                this.go(this.records.count);
            if (!this.isExploring)
                this.explore();
        }
        this.isOver = !block.length &&
            answer.headers.get("X-Calf-Run") === "ended";
        return block.length > 0;
    }

    async live()
    {
        byId("follow-label").hidden = false;
        while (!this.isOver) {
            try {
                if (await this.poll())
                    continue;       // there may be more
            } catch (problem) {
                this.isOver = true;
            }
            await new Promise((done) => setTimeout(done, POLL_MS));
        }
        byId("title").textContent = `${this.meta.title}, over`;
        byId("follow-label").hidden = true;
    }
}

/* ---- What is in the page ---------------------------------------------- */

/* Inflate a block; the empty one is empty. */
async function unpacked(bytes)
{
    if (!bytes.length)
        return bytes;

    const stream = new Blob([bytes]).stream().pipeThrough(
        new DecompressionStream("deflate"));

    return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fromBase64(text)
{
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function complain(text)
{
    byId("problem").textContent = text;
    byId("problem").hidden = false;
}

async function main()
{
    const page = new Page(JSON.parse(byId("meta").textContent));

    window.calf = page;
    if (typeof DecompressionStream === "undefined") {
        complain("This browser cannot unpack the trace: Chrome 80, " +
                 "Firefox 113 and Safari 16.4 or later can.");
        return;
    }
    for (const script of document.querySelectorAll("script.block")) {
        page.append(await unpacked(fromBase64(script.textContent)));
        script.remove();
    }
    page.start();
    if (page.meta.live)
        await page.live();
}

main();
