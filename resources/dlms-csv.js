// Lists of values as CSV (RFC 4180): what a spreadsheet writes, read back as points of a dlms-read node.
/* global module, window */
(function (root) {
    "use strict";

    // Rows of fields. Quoted fields may hold delimiters, quotes (doubled) and line ends.
    function parse(text, delimiter) {
        const source = String(text).replace(/^\uFEFF/, "");
        const rows = [];
        let row = [];
        let field = "";
        let quoted = false;
        let begun = false;
        function endField() { row.push(field); field = ""; begun = false; }
        function endRow() {
            endField();
            if (row.length > 1 || row[0].trim() !== "") rows.push(row);
            row = [];
        }
        for (let i = 0; i < source.length; i++) {
            const c = source[i];
            if (quoted) {
                if (c !== '"') field += c;
                else if (source[i + 1] === '"') { field += '"'; i++; } else quoted = false;
            } else if (c === '"' && !begun) { quoted = true; begun = true; }
            else if (c === delimiter) endField();
            else if (c === "\n") endRow();
            else if (c !== "\r" || source[i + 1] !== "\n") { field += c; begun = true; }
        }
        if (quoted) throw new Error("unclosed");
        if (field !== "" || row.length > 0) endRow();
        return rows;
    }

    const names = {
        name: "name", logicalname: "logicalName", obis: "logicalName", obiscode: "logicalName",
        objecttype: "objectType", type: "objectType", class: "objectType", classid: "objectType",
        attributeid: "attributeId", attribute: "attributeId"
    };

    // Spreadsheets of some countries separate by semicolons.
    function delimiterOf(text) {
        const first = String(text).split(/\r?\n/, 1)[0];
        return ["\t", ";", ","].find(function (one) { return first.indexOf(one) !== -1; }) || ",";
    }

    // {points, errors: [{row, key}]}: row counts from 1, the head line included; key is one of "obis", "unclosed", "columns".
    // problemOf(point): the reason why a row with a code is wrong, or nothing; it comes as {row, reason}.
    function read(text, isObis, problemOf) {
        let rows;
        try {
            rows = parse(text, delimiterOf(text));
        } catch {
            return { points: [], errors: [{ row: 1, key: "unclosed" }] };
        }
        if (rows.length === 0) return { points: [], errors: [{ row: 1, key: "columns" }] };
        const head = rows[0].map(function (name) { return names[name.toLowerCase().replace(/[^a-z]/g, "")]; });
        const titled = head.indexOf("logicalName") !== -1;
        const keys = titled ? head : ["name", "logicalName", "objectType", "attributeId"];
        const points = [];
        const errors = [];
        rows.forEach(function (row, index) {
            if (titled && index === 0) return;
            const point = {};
            keys.forEach(function (key, column) {
                const value = (row[column] || "").trim();
                if (key !== undefined && value !== "") point[key] = value;
            });
            if (point.logicalName === undefined || !isObis(point.logicalName)) return errors.push({ row: index + 1, key: "obis" });
            const reason = problemOf && problemOf(point);
            if (reason) errors.push({ row: index + 1, reason: reason });
            else points.push(point);
        });
        return { points: points, errors: errors };
    }

    function field(value) {
        const text = value === undefined || value === null ? "" : String(value);
        return /[",\r\n]|^\s|\s$/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
    }

    function write(points) {
        const keys = ["name", "logicalName", "objectType", "attributeId"];
        return [keys].concat(points.map(function (point) {
            return keys.map(function (key) { return point[key]; });
        })).map(function (row) { return row.map(field).join(","); }).join("\r\n") + "\r\n";
    }

    const csv = { parse: parse, read: read, write: write };
    if (typeof module === "object" && module.exports) module.exports = csv;
    else root.DlmsCsv = csv;
})(typeof window === "undefined" ? this : window);
