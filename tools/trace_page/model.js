/*
 * model.js - what memory looks like after each event of a trace
 *
 * The same as tools/tracestate.py, for a browser.
 *
 * Catalogue: what can be said of the run as a whole: which address spaces there
 *      have been, which pages, which fault ended where.
 * Model: the machine after a number of events, and how an event changes it.
 * History: a Model that can be put at any event: it keeps a snapshot now and
 *      then, so a jump replays a few thousand events and not a million.
 *
 * Draws nothing and touches no document: tests compare its figures with those
 * of tools/tracestate.py.
 */
"use strict";

const FRAME_RESERVED = 0, FRAME_FREE = 1, FRAME_ANON = 2, FRAME_OBJECT = 3,
    FRAME_PGTABLE = 4, FRAME_KERNEL = 5, FRAME_ZERO = 6, FRAME_KINDS = 7;
const NONE = -1;
const USER_PAGES = 2 ** 35;      // the lower half of the addresses

/* Events that name a page of a space ... */
const PAGE_EVENTS = ["MAP", "UNMAP", "PROTECT", "WRITE_PROTECT", "REUSE",
                     "FAULT", "FAULT_END"];
/* ... and those that change its entry. */
const ENTRY_EVENTS = ["MAP", "UNMAP", "PROTECT", "WRITE_PROTECT", "REUSE"];
/* Events whose field "frame" is a frame. */
const FRAME_EVENTS = ["ALLOC", "FREE", "COPY", "GET", "PUT", "SHARE", "ADOPT",
                      "DROP", "TABLE_NEW", "TABLE_FREE", "FAULT_END"];

function frameOfEntry(low, high)
{
    return (high & 0xfffff) * 1048576 + (low >>> 12);
}

/* ---- The run as a whole --------------------------------------------- */

class Catalogue {
    constructor(records)
    {
        const flags = (names) => {
            const set = new Uint8Array(256);

            for (const name of names)
                set[records.number[name]] = 1;
            return set;
        };

        this.records = records;
        this.count = 0;
        this.isPage = flags(PAGE_EVENTS);
        this.isEntry = flags(ENTRY_EVENTS);
        this.isFrame = flags(FRAME_EVENTS);
        this.entry = new Int32Array(0);  // of a record: its page, or NONE
        this.mate = new Int32Array(0);   // of FAULT: FAULT_END, and back
        this.spaces = [];                // every address space there was
        this.spaceOfRoot = new Map();    // the latest one with this root
        this.spaceBorn = new Map();      // record -> the space it begins
        this.entrySpace = [];            // of an entry: its space,
        this.entryPage = [];             // the number of its page,
        this.entryUsed = [];             // and: was it ever mapped?
        this.openFault = new Map();      // pid -> its unfinished FAULT
        this.order = new Map();          // pid -> 0, 1, 2 ... as they came
        this.frameKinds = [];            // of a frame: bits, what it ever was
        this.pagesOfFamily = new Map();  // family -> its pages, when asked
        this.gaps = 0;                   // records that are missing
        this.firstProcess = 0;           // the first record with a process
    }

    /* Take in what has been appended to the records. */
    update()
    {
        const { records, isPage, isFrame } = this;
        const { number } = records;

        if (records.room > this.entry.length) {
            this.entry = larger(this.entry, records.room);
            this.mate = larger(this.mate, records.room);
        }
        for (let i = this.count; i < records.count; i++) {
            const event = records.event[i];

            this.mate[i] = NONE;
            if (event === number.SPACE_NEW)
                this.addSpace(i);
            this.entry[i] = isPage[event] ? this.intern(i) : NONE;
            if (isFrame[event] && records.frame[i])
                this.noteFrame(i);
            if (event === number.SPACE_NEW)
                this.frameKinds[records.space[i]] |=
                    1 << FRAME_PGTABLE;
            if (event === number.FAULT)
                this.openFault.set(records.pid[i], i);
            else if (event === number.FAULT_END)
                this.closeFault(i);
            else if (event === number.FORK ||
                     event === number.CLONE)
                this.addChild(i, event === number.FORK);
            else if (event === number.EXEC)
                this.addImage(i);
            this.countGap(i);
        }
        this.count = records.count;
        this.pagesOfFamily.clear();
    }

    addImage(i)
    {
        const space = this.spaceOfRoot.get(this.records.space[i]);

        this.addProcess(this.records.pid[i], i);
        if (space !== undefined)
            this.spaces[space].pid = this.records.pid[i];
    }

    countGap(i)
    {
        const { sequence } = this.records;

        this.gaps += sequence[i] - (i ? sequence[i - 1] : 0) - 1;
    }

    addSpace(i)
    {
        const root = this.records.space[i];
        const space = { id: this.spaces.length, root, born: i,
                family: this.spaces.length, entries: new Map(),
                pid: 0, maker: this.records.pid[i] };

        this.spaces.push(space);
        this.spaceOfRoot.set(root, space.id);
        this.spaceBorn.set(i, space.id);
        return space.id;
    }

    addProcess(pid, i)
    {
        if (!this.order.size)
            this.firstProcess = i;
        if (!this.order.has(pid))
            this.order.set(pid, this.order.size);
    }

    /* A child's image is its parent's: both are drawn in the same places. */
    addChild(i, hasOwnSpace)
    {
        const { records, spaces, spaceOfRoot } = this;
        const child = spaceOfRoot.get(records.space[i]);
        const parent = spaceOfRoot.get(records.other[i]);

        this.addProcess(records.value(i), i);
        if (!hasOwnSpace || child === undefined)
            return;
        spaces[child].pid = records.value(i);
        if (parent !== undefined)
            spaces[child].family = spaces[parent].family;
    }

    /* A number for this page of this space, or NONE: no user page. */
    intern(i)
    {
        const { records } = this;
        const page = records.page(i);
        const root = records.space[i];

        if (!root || page >= USER_PAGES)
            return NONE;

        let id = this.spaceOfRoot.get(root);

        if (id === undefined)           // the trace begins later
            id = this.addSpace(i);

        const { entries } = this.spaces[id];
        let entry = entries.get(page);

        if (entry === undefined) {
            entry = this.entrySpace.length;
            this.entrySpace.push(id);
            this.entryPage.push(page);
            this.entryUsed.push(0);
            entries.set(page, entry);
        }
        if (this.isEntry[records.event[i]])
            this.entryUsed[entry] = 1;
        return entry;
    }

    /* A table counts as one when a process has it: the others are the
     * kernel's own. */
    noteFrame(i)
    {
        const { records, frameKinds } = this;
        const { ALLOC, TABLE_NEW } = records.number;
        const frame = records.frame[i], event = records.event[i];
        const kind = records.kind[i] === FRAME_PGTABLE ? FRAME_KERNEL :
            records.kind[i];

        if (event === ALLOC)
            for (let n = 0; n < 2 ** records.code[i]; n++)
                frameKinds[frame + n] |= 1 << kind;
        else
            frameKinds[frame] |= event === TABLE_NEW &&
                records.page(i) < USER_PAGES ?
                1 << FRAME_PGTABLE : 0;
    }

    closeFault(i)
    {
        const pid = this.records.pid[i];
        const start = this.openFault.get(pid);

        if (start !== undefined) {
            this.mate[start] = i;
            this.mate[i] = start;
            /* The trap does not know the space yet. */
            if (this.entry[start] === NONE)
                this.entry[start] = this.entry[i];
            this.openFault.delete(pid);
        }
    }

    /* The fault that record i is a part of: of its FAULT, or NONE. */
    enclosingFault(i)
    {
        const { records, mate } = this;
        const { FAULT, FAULT_END } = records.number;
        const pid = records.pid[i];

        for (let at = i; at >= 0 && at > i - 4096; at--) {
            if (records.pid[at] !== pid)
                continue;
            if (records.event[at] === FAULT)
                return mate[at] === NONE || mate[at] >= i ?
                    at : NONE;
            if (records.event[at] === FAULT_END && at !== i)
                return NONE;
        }
        return NONE;
    }

    /* The pages that any of the spaces has had that forks relate to each
     * other: they are drawn in the same places. */
    familyPages(family)
    {
        let pages = this.pagesOfFamily.get(family);

        if (pages)
            return pages;
        pages = new Set();
        for (const space of this.spaces)
            if (space.family === family)
                for (const [page, entry] of space.entries)
                    if (this.entryUsed[entry])
                        pages.add(page);
        this.pagesOfFamily.set(family, pages);
        return pages;
    }

    /* The same as runs of neighbours: [{ first, count }]. */
    runs(family)
    {
        const sorted = Float64Array.from(this.familyPages(family)).sort();
        const runs = [];

        for (const page of sorted) {
            const last = runs[runs.length - 1];

            if (last && page - (last.first + last.count) <= 2)
                last.count = page - last.first + 1;
            else
                runs.push({ first: page, count: 1 });
        }
        return runs;
    }
}

/* ---- The machine at one moment -------------------------------------- */

class Model {
    constructor(records, catalogue)
    {
        this.records = records;
        this.catalogue = catalogue;
        this.kind = new Uint8Array(0);          // of each frame
        this.refcount = new Uint32Array(0);
        this.mapcount = new Uint32Array(0);
        this.first = new Int32Array(0);         // an entry that maps it
        this.low = new Uint32Array(0);          // of each entry
        this.high = new Uint32Array(0);
        this.next = new Int32Array(0);          // entries of one frame
        this.previous = new Int32Array(0);
        this.apply = Model.handlers(records.number);
        this.reset();
    }

    reset()
    {
        this.at = 0;                    // so many events have happened
        this.kind.fill(FRAME_RESERVED);
        this.refcount.fill(0);
        this.mapcount.fill(0);
        this.first.fill(NONE);
        this.low.fill(0);
        this.high.fill(0);
        this.total = Model.noTotals();
        this.spaces = new Map();        // id -> what it has; live ones
        this.roots = new Map();         // root table -> id
        this.tasks = new Map();         // pid -> what it is
        this.running = [];              // pid on each CPU
        this.scores = [];               // of the latest OOM scan,
        this.victim = 0;                // and the pid that it chose
    }

    static noTotals()
    {
        return { ram: 0, free: 0, promised: 0, limit: 0, zero: 0,
                 kills: 0, refusals: 0, copies: 0, life: 0, flushes: 0,
                 shootdowns: 0, hertz: 0, entries: 0,
                 faults: new Array(16).fill(0) };
    }

    forward(to)
    {
        this.makeRoom();
        while (this.at < to)
            this.step();
    }

    /* => there is room */
    step()
    {
        const { records, apply, at } = this;
        const handler = apply[records.event[at]];

        if (handler)
            handler(this, at, records);
        this.at = at + 1;
    }

    /* For all frames and entries that the catalogue knows by now. */
    makeRoom()
    {
        const frames = this.catalogue.frameKinds.length;
        const entries = this.catalogue.entrySpace.length;

        this.makeFrames(frames);
        if (this.low.length < entries)
            for (const name of ["low", "high", "next", "previous"])
                this[name] = larger(this[name], entries * 2);
    }

    makeFrames(count)
    {
        const old = this.kind.length;

        if (old >= count)
            return;
        for (const name of ["kind", "refcount", "mapcount", "first"])
            this[name] = larger(this[name], count);
        this.first.fill(NONE, old);
    }

    /* ---- How an event changes it ---- */

    /* An entry gets a value; its frame knows which entries map it. */
    setEntry(entry, low, high)
    {
        if (entry === NONE)
            return;
        if (this.low[entry] || this.high[entry])
            this.unlink(entry);
        this.low[entry] = low;
        this.high[entry] = high;
        if (low || high)
            this.link(entry);
    }

    link(entry)
    {
        const frame = frameOfEntry(this.low[entry], this.high[entry]);
        const space = this.space(this.catalogue.entrySpace[entry]);

        this.makeFrames(frame + 1);
        this.next[entry] = this.first[frame];
        this.previous[entry] = NONE;
        if (this.first[frame] !== NONE)
            this.previous[this.first[frame]] = entry;
        this.first[frame] = entry;
        space.pages++;
        this.total.entries++;
    }

    unlink(entry)
    {
        const frame = frameOfEntry(this.low[entry], this.high[entry]);
        const space = this.space(this.catalogue.entrySpace[entry]);
        const before = this.previous[entry], after = this.next[entry];

        if (before === NONE)
            this.first[frame] = after;
        else
            this.next[before] = after;
        if (after !== NONE)
            this.previous[after] = before;
        space.pages--;
        this.total.entries--;
    }

    space(id)
    {
        let space = this.spaces.get(id);

        if (!space) {
            space = { id, pages: 0, tables: 0, ends: false };
            this.spaces.set(id, space);
            this.roots.set(this.catalogue.spaces[id].root, id);
        }
        return space;
    }

    spaceOfRecord(i)
    {
        return this.spaces.get(this.roots.get(this.records.space[i])) ??
            null;
    }

    setKind(first, order, kind, count)
    {
        const { total } = this;
        const end = first + 2 ** order;

        this.makeFrames(end);
        for (let frame = first; frame < end; frame++) {
            total.free += (kind === FRAME_FREE) -
                (this.kind[frame] === FRAME_FREE);
            this.kind[frame] = kind;
            this.refcount[frame] = count;
            this.mapcount[frame] = 0;
        }
    }

    /* Counted here: on several CPUs a record's counts may be a moment old. */
    count(i, references, mappings)
    {
        const frame = this.records.frame[i];

        this.makeFrames(frame + 1);
        this.refcount[frame] += references;
        this.mapcount[frame] += mappings;
    }

    changeTask(pid, change)
    {
        const before = this.tasks.get(pid) ??
            { pid, parent: 0, name: "", space: NONE, status: null };

        /* A new object: snapshots share those that do not change. */
        this.tasks.set(pid, { ...before, ...change });
    }

    static handlers(number)
    {
        const table = [];

        for (const group of [frameHandlers, spaceHandlers, taskHandlers,
                             otherHandlers])
            for (const [name, handler] of Object.entries(group))
                if (number[name] !== undefined)
                    table[number[name]] = handler;
        return table;
    }

    /* ---- Snapshots ---- */

    /* How much a snapshot has to copy. */
    size()
    {
        return this.total.entries + this.tasks.size + this.spaces.size +
            this.kind.length / 8;
    }

    save()
    {
        const entries = new Int32Array(this.total.entries);
        let n = 0;

        for (let frame = 0; frame < this.first.length; frame++)
            for (let entry = this.first[frame]; entry !== NONE;
                 entry = this.next[entry])
                entries[n++] = entry;
        entries.reverse();              // link() puts them in front
        return {
            at: this.at, entries,
            low: entries.map((entry) => this.low[entry]),
            high: entries.map((entry) => this.high[entry]),
            kind: this.kind.slice(),
            refcount: Uint32Array.from(this.refcount),
            mapcount: Uint32Array.from(this.mapcount),
            total: { ...this.total, faults: [...this.total.faults] },
            spaces: new Map([...this.spaces].map(
                ([id, space]) => [id, { ...space }])),
            tasks: new Map(this.tasks),
            running: [...this.running], scores: [...this.scores],
            victim: this.victim,
        };
    }

    load(saved)
    {
        this.reset();
        this.makeRoom();
        this.makeFrames(saved.kind.length);
        saved.entries.forEach((entry, n) => {
            this.setEntry(entry, saved.low[n] >>> 0,
                          saved.high[n] >>> 0);
        });
        this.kind.set(saved.kind);
        this.refcount.set(saved.refcount);
        this.mapcount.set(saved.mapcount);
        this.total = { ...saved.total, faults: [...saved.total.faults] };
        this.spaces = new Map([...saved.spaces].map(
            ([id, space]) => [id, { ...space }]));
        this.roots = new Map([...saved.spaces.keys()].map(
            (id) => [this.catalogue.spaces[id].root, id]));
        this.tasks = new Map(saved.tasks);
        this.running = [...saved.running];
        this.scores = [...saved.scores];
        this.victim = saved.victim;
        this.at = saved.at;
    }

    /* ---- Questions ---- */

    /* The entries that map this frame, at most so many. */
    mappings(frame, most = 64)
    {
        const found = [];

        for (let entry = this.first[frame] ?? NONE;
             entry !== NONE && found.length < most;
             entry = this.next[entry])
            found.push(entry);
        return found;
    }

    /* The spaces that map this frame, each once. */
    sharers(frame)
    {
        const ids = new Set();

        for (const entry of this.mappings(frame))
            ids.add(this.catalogue.entrySpace[entry]);
        return [...ids].sort((a, b) => a - b);
    }

    entryOf(space, page)
    {
        return this.catalogue.spaces[space].entries.get(page) ?? NONE;
    }

    frameOf(entry)
    {
        return frameOfEntry(this.low[entry], this.high[entry]);
    }

    /* Frames of processes that several entries map, and what that saves. */
    sharing()
    {
        let frames = 0, saved = 0;

        for (let frame = 0; frame < this.kind.length; frame++)
            if (this.mapcount[frame] > 1 &&
                this.kind[frame] !== FRAME_ZERO) {
                frames++;
                saved += this.mapcount[frame] - 1;
            }
        return { frames, saved };
    }

    /* All that can be compared with another replay, as plain numbers. */
    figures()
    {
        const kinds = new Array(FRAME_KINDS).fill(0);
        let references = 0, mappings = 0, sum = 0, entries = 0;

        for (let frame = 0; frame < this.kind.length; frame++) {
            kinds[this.kind[frame]]++;
            references += this.refcount[frame];
            mappings += this.mapcount[frame];
            if (this.kind[frame] !== FRAME_FREE)
                sum = (sum + (frame + 1) * (this.kind[frame] +
                    8 * this.refcount[frame] +
                    256 * this.mapcount[frame])) % 1000003;
        }

        for (let frame = 0; frame < this.first.length; frame++)
            for (const entry of this.mappings(frame, Infinity))
                entries += this.catalogue.entryPage[entry] % 1009 *
                    this.low[entry] % 1000003;

        const spaces = {}, tasks = {};

        for (const [id, space] of this.spaces)
            spaces[this.catalogue.spaces[id].root] =
                [space.pages, space.tables];
        for (const [pid, task] of this.tasks)
            tasks[pid] = [task.parent, task.name, task.status];
        return { at: this.at, kinds: kinds.slice(FRAME_FREE), references,
                 mappings, frames: sum, entries: entries % 1000003,
                 spaces, tasks, free: this.total.free,
                 promised: this.total.promised,
                 faults: this.total.faults, kills: this.total.kills };
    }
}

const counts = (references, mappings) =>
    (model, i) => model.count(i, references, mappings);
const entryChanges = (model, i, records) =>
    model.setEntry(model.catalogue.entry[i], records.valueLow[i],
                   records.valueHigh[i]);

const frameHandlers = {
    RELEASE: (model, i, records) => model.setKind(
        records.frame[i], records.code[i], FRAME_FREE, 0),
    ALLOC: (model, i, records) => model.setKind(
        records.frame[i], records.code[i], records.kind[i], 1),
    FREE: (model, i, records) => {
        const frame = records.frame[i];

        model.setKind(frame, 0, FRAME_FREE, 0);
        model.spaces.delete(model.roots.get(frame));    // a root table
        model.roots.delete(frame);
    },
    COPY: (model) => { model.total.copies++; },
    GET: counts(1, 0),
    PUT: counts(-1, 0),
    SHARE: counts(1, 1),
    ADOPT: counts(0, 1),
    DROP: counts(-1, -1),
};

const spaceHandlers = {
    SPACE_NEW: (model, i) => {
        model.space(model.catalogue.spaceBorn.get(i));
    },
    SPACE_END: (model, i) => {
        const space = model.spaceOfRecord(i);

        if (space)
            space.ends = true;
    },
    MAP: entryChanges,
    PROTECT: entryChanges,
    WRITE_PROTECT: entryChanges,
    REUSE: entryChanges,
    UNMAP: (model, i) => model.setEntry(model.catalogue.entry[i], 0, 0),
    TABLE_NEW: (model, i) => {
        const space = model.spaceOfRecord(i);

        if (space)
            space.tables++;
    },
    TABLE_FREE: (model, i) => {
        const space = model.spaceOfRecord(i);

        if (space)
            space.tables--;
    },
    COMMIT: (model, i, records) => {
        model.total.promised += records.signedValue(i);
    },
};

const taskHandlers = {
    FORK: (model, i, records) => startTask(model, i, records),
    CLONE: (model, i, records) => startTask(model, i, records),
    EXEC: (model, i, records) => {
        const space = model.spaceOfRecord(i);

        model.total.life++;
        model.changeTask(records.pid[i], { name: records.text(i),
            space: space ? space.id : NONE });
    },
    NAME: (model, i, records) => model.changeTask(
        records.pid[i], { name: records.text(i) }),
    EXIT: (model, i, records) => {
        model.total.life++;
        model.changeTask(records.code[i],
                         { status: records.value(i), ended: i });
    },
    THREAD_EXIT: (model, i, records) => model.changeTask(
        records.pid[i], { status: 0, ended: i }),
    SWITCH: (model, i, records) => {
        model.running[records.cpu[i]] = records.value(i);
    },
};

function startTask(model, i, records)
{
    const space = model.spaceOfRecord(i);
    const parent = records.pid[i];

    model.total.life++;
    model.changeTask(records.value(i), {
        parent, name: model.tasks.get(parent)?.name ?? "",
        space: space ? space.id : NONE, status: null, born: i });
}

const otherHandlers = {
    BOOT: (model, i, records) => {
        model.makeFrames(records.frame[i]);
        model.total.ram = records.value(i);
        model.total.zero = records.other[i];
    },
    CLOCK: (model, i, records) => {
        model.total.hertz = records.value(i);
    },
    REFUSAL: (model) => { model.total.refusals++; },
    OOM_SCORE: (model, i, records) => {
        if (model.victim) {
            model.scores = [];
            model.victim = 0;
        }
        model.scores.push({ pid: records.code[i], i,
                            score: records.signedValue(i),
                            immune: records.kind[i] === 1 });
    },
    OOM_KILL: (model, i, records) => {
        model.total.kills++;
        model.victim = records.code[i];
    },
    FAULT_END: (model, i, records) => {
        model.total.faults[records.kind[i]]++;
    },
    FLUSH: (model) => { model.total.flushes++; },
    SHOOTDOWN: (model) => { model.total.shootdowns++; },
};

/* ---- A model that can be put at any event --------------------------- */

class History {
    constructor(records)
    {
        this.records = records;
        this.catalogue = new Catalogue(records);
        this.model = new Model(records, this.catalogue);
        this.scout = new Model(records, this.catalogue);
        this.snapshots = [this.scout.save()];
        this.work = 0;                   // of the scout, since the last one
        /* For the curves: after each event. */
        this.free = new Uint32Array(0);
        this.promised = new Uint32Array(0);
    }

    /* Take in what has been appended to the records. */
    update()
    {
        this.catalogue.update();
        if (this.records.room > this.free.length) {
            this.free = larger(this.free, this.records.room);
            this.promised = larger(this.promised, this.records.room);
        }
    }

    get explored()
    {
        return this.scout.at;
    }

    /* Go on to where nobody has been, in steps that a page can afford. */
    explore(to)
    {
        const { scout, free, promised } = this;
        const end = Math.min(to, this.records.count);

        scout.makeRoom();
        while (scout.at < end) {
            scout.step();
            free[scout.at - 1] = scout.total.free;
            promised[scout.at - 1] = scout.total.promised;

            /* All snapshots together cost no more than the events. */
            if (++this.work >= 2000 && this.work >= scout.size()) {
                this.snapshots.push(scout.save());
                this.work = 0;
            }
        }
    }

    /* The model after so many events. */
    seek(to)
    {
        const { model, snapshots } = this;

        this.explore(to);

        let low = 0, high = snapshots.length;

        while (high - low > 1) {        // the last one not behind "to"
            const middle = low + high >> 1;

            if (snapshots[middle].at <= to)
                low = middle;
            else
                high = middle;
        }
        if (to < model.at || snapshots[low].at > model.at)
            model.load(snapshots[low]);
        model.forward(to);
        return model;
    }
}
