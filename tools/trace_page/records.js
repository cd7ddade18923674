/*
 * records.js - the records of a trace in columns, and each as a sentence
 *
 * A block of records arrives "transposed": first byte 0 of every record, then
 * byte 1 of every record, and so on, since that compresses to a few bytes for
 * each record (tools/tracepage.py).  Knows the layout of a record and how its
 * fields are written, as tools/tracefile.py does; knows nothing of memory.
 */
"use strict";

const RECORD_BYTES = 64;
const HIGH = 4294967296;        // 2^32

/* Field, its first byte, its size.  64-bit fields that are no plain number are
 * kept as halves: a number of JavaScript has 53 bits. */
const COLUMNS = [
    ["sequence", 0, 8], ["time", 8, 8], ["event", 16, 1], ["cpu", 17, 1],
    ["kind", 18, 1], ["result", 19, 1], ["pid", 20, 4], ["space", 24, 4],
    ["code", 28, 4], ["addressLow", 32, 4], ["addressHigh", 36, 4],
    ["valueLow", 40, 4], ["valueHigh", 44, 4], ["frame", 48, 4],
    ["other", 52, 4], ["refcount", 56, 4], ["mapcount", 60, 4],
];
const ARRAY_OF_SIZE = { 1: Uint8Array, 4: Uint32Array, 8: Float64Array };

function larger(array, room)
{
    const bigger = new array.constructor(room);

    bigger.set(array);
    return bigger;
}

class Records {
    /* meta: what tools/tracepage.py knows of the kernel's source. */
    constructor(meta)
    {
        this.meta = meta;
        this.count = 0;
        this.room = 0;
        for (const [name, , size] of COLUMNS)
            this[name] = new ARRAY_OF_SIZE[size](0);
        this.number = {};               // name of an event -> number
        meta.events.forEach((event, i) => {
            if (event)
                this.number[event.name] = i;
        });
    }

    /* Add a block; return how many records it has. */
    append(block)
    {
        const added = Math.floor(block.length / RECORD_BYTES);
        const at = this.count;

        if (at + added > this.room) {
            this.room = Math.max(1024, 2 * this.room, at + added);
            for (const [name] of COLUMNS)
                this[name] = larger(this[name], this.room);
        }
        for (const [name, first, size] of COLUMNS)
            Records.fill(this[name], at, block, first, size, added);
        this.count += added;
        return added;
    }

    static fill(column, at, block, first, size, added)
    {
        const plane = (n) => block.subarray((first + n) * added,
                                            (first + n + 1) * added);

        if (size === 1) {
            column.set(plane(0), at);
            return;
        }
        for (let part = 0; part < size; part += 4) {
            const a = plane(part), b = plane(part + 1);
            const c = plane(part + 2), d = plane(part + 3);
            const unit = part ? HIGH : 1;

            for (let i = 0; i < added; i++)
                column[at + i] += unit * ((a[i] | b[i] << 8 |
                    c[i] << 16 | d[i] << 24) >>> 0);
        }
    }

    /* The number of the page that the record's address is in. */
    page(i)
    {
        return this.addressHigh[i] * 1048576 + (this.addressLow[i] >>> 12);
    }

    /* As a number: right up to 2^53. */
    value(i)
    {
        return this.valueHigh[i] * HIGH + this.valueLow[i];
    }

    address(i)
    {
        return this.addressHigh[i] * HIGH + this.addressLow[i];
    }

    signedValue(i)
    {
        return (this.valueHigh[i] | 0) * HIGH + this.valueLow[i];
    }

    text(i)
    {
        let text = "";

        for (const part of ["addressLow", "addressHigh", "valueLow",
                            "valueHigh"])
            for (let shift = 0; shift < 32; shift += 8) {
                const byte = this[part][i] >>> shift & 255;

                if (!byte)
                    return decodeText(text);
                text += String.fromCharCode(byte);
            }
        return decodeText(text);
    }

    what(i)
    {
        return this.meta.events[this.event[i]];
    }

    name(i)
    {
        const what = this.what(i);

        return what ? what.name : "?" + this.event[i];
    }

    /* A field as an exact integer. */
    field(i, name)
    {
        if (name === "address" || name === "value")
            return BigInt(this[name + "High"][i]) << 32n |
                BigInt(this[name + "Low"][i]);
        return BigInt(this[name][i]);
    }

    /* What happened, in English: the same as tools/trace says. */
    sentence(i)
    {
        const what = this.what(i);

        if (!what)
            return "an event that kernel/lib/events.def does not have";
        return what.sentence.replace(/\{(\w+):?(\w*)\}/g,
            (_, field, form) => this.formed(i, field, form));
    }

    formed(i, field, form)
    {
        if (field === "text")
            return this.text(i);
        if (form === "thread")
            return BigInt(this.code[i]) === this.value(i) ? "" :
                `, a thread of pid ${this.code[i]}`;
        if (form === "counts")
            return this.frame[i] ? ` (now refcount ${this.refcount[i]
                }, mapcount ${this.mapcount[i]})` : "";
        if (form === "fault_result")
            return this.faultResult(i);
        return FORMS[form](this.field(i, field), this.meta);
    }

    faultResult(i)
    {
        if (!this.result[i])
            return "";

        const name = known(this.meta.fault_results, this.result[i]);

        if (name === "oom")
            return ", and there is no frame: it will come again";
        return ` (${name.replaceAll("_", " ")})`;
    }
}

function decodeText(bytes)
{
    return new TextDecoder().decode(
        Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
}

/* ---- How a field is written: FORMS of tools/tracefile.py ------------- */

const PTE_LETTERS = [[0n, "P"], [1n, "W"], [2n, "U"], [5n, "A"], [6n, "D"]];
const PTE_PRESENT = 1, PTE_WRITE = 2;
const PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_FETCH = 16;

function known(names, number)
{
    return names[Number(number)] ?? `?${number}`;
}

function hex(value)
{
    return "0x" + value.toString(16);
}

function pteText(pte)
{
    if (!pte)
        return "absent";

    const letters = PTE_LETTERS.map(([bit, letter]) =>
        pte >> bit & 1n ? letter : "-").join("");
    const frame = (pte & 0x000ffffffffff000n) >> 12n;

    return `${letters}${pte >> 63n ? " NX" : ""} frame ${hex(frame)}`;
}

function errorCodeText(code)
{
    const bits = Number(code);
    const access = bits & PF_FETCH ? "fetch" :
        bits & PF_WRITE ? "write" : "read";

    return `${bits & PF_USER ? "user" : "kernel"} ${access}, ${
        bits & PF_PRESENT ? "a right is missing" : "no such page"}`;
}

function statusText(value, meta)
{
    const signal = Number(value & 0x7fn);

    if (signal)
        return `killed by ${meta.signals[signal] ?? "signal " + signal}`;
    return `exit status ${value >> 8n & 0xffn}`;
}

function resultText(value, meta)
{
    const result = BigInt.asIntN(64, value);

    if (result > -4096n && result < 0n) {
        const name = meta.errnos[Number(-result)];

        return name ? `-1 ${name}` : String(result);
    }
    return result > -(1n << 20n) && result < 1n << 20n ?
        String(result) : hex(value);
}

function cpusText(mask)
{
    const cpus = [];

    for (let cpu = 0n; mask >> cpu; cpu++)
        if (mask >> cpu & 1n)
            cpus.push(cpu);
    return cpus.join(", ");
}

const FORMS = {
    "": String,
    pfn: hex,
    hex: hex,
    va: hex,
    pte: pteText,
    pf: errorCodeText,
    signed: (value) => String(BigInt.asIntN(64, value)),
    status: statusText,
    result: resultText,
    syscall: (number, meta) =>
        meta.syscalls[Number(number)] ?? `syscall_${number}`,
    frame_kind: (kind, meta) => known(meta.frame_kinds, kind),
    fault_kind: (kind, meta) => known(meta.fault_kinds, kind),
    immune: (kind) => kind ? ", but must not be chosen" : "",
    flush: (pages) => pages ? `${pages} pages` : "everything",
    cpus: cpusText,
};
