// What the fields of the dlms-read dialog accept. A validator has two parameters: of one with fewer, the editor takes a
// text for "valid". An empty field means the default, so it is valid.
/* global window, $, RED */
/* eslint no-unused-vars: ["error", { "args": "none" }] */
(function (root) {
    "use strict";

    // One of something has a text of its own: the plural forms of Node-RED's translations are not the same in each version.
    const counted = ["palette.list", "csv.imported", "browse.count", "browse.entries", "browse.add"];
    function t(key, values) {
        const single = values && String(values.count) === "1" && counted.indexOf(key) !== -1;
        return RED._("node-red-contrib-dlms/dlms-read:dlms-read." + key + (single ? "One" : ""), values);
    }
    function isEnv(value) { return /^\$\{[^}]+\}$/.test(value); }
    function empty(value) { return value === undefined || value === null || value === ""; }

    // Any spelling of an OBIS code; F may be left out in the written forms.
    function isObis(value) {
        const text = String(value).trim();
        if (/^[0-9a-fA-F]{12}$/.test(text)) return true;
        const match = /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*&.](\d{1,3}))?$/.exec(text) ||
            /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*&](\d{1,3}))?$/.exec(text);
        return match !== null && match.slice(1).every(function (part) { return part === undefined || Number(part) <= 255; });
    }
    // While the dialog is open, what stands there decides, not what was saved.
    let editing;
    function chosen(node, name) {
        const input = $("#node-input-" + name);
        return editing !== undefined && node.id === editing && input.length ? input.val() : node[name];
    }
    function attributeMode(node) { return ["list", "objects"].indexOf(chosen(node, "mode")) === -1; }
    function fixed(node, name) {
        const type = chosen(node, name + "Type");
        return empty(type) || type === "str" || type === "num";
    }
    function obisValid(value, opt) {
        if (!attributeMode(this) || !fixed(this, "logicalName") || empty(value) || isEnv(value)) return true;
        return isObis(value) || t("error.obis");
    }
    // Names are the same in any case and punctuation, as the node takes them.
    function plainName(text) { return String(text).trim().toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^_|_$/g, ""); }
    function findClass(classes, value) {
        const text = String(value).trim();
        return classes.find(function (row) { return String(row.id) === text || row.name === plainName(text); });
    }
    // The class table, once a dialog has loaded it; until then a name is judged by its form.
    let table = [];
    const nameForm = /^[A-Za-z][A-Za-z0-9_ /-]*$/;
    function typeProblem(value) {
        if (empty(value) || isEnv(value)) return "";
        const text = String(value).trim();
        const good = /^\d+$/.test(text) ? Number(text) <= 65535
            : table.length ? findClass(table, text) !== undefined : nameForm.test(text);
        return good ? "" : t("error.objectType");
    }
    // objectType: undefined where it is not known before the node runs
    function attributeProblem(value, objectType) {
        if (empty(value) || isEnv(value)) return "";
        const text = String(value).trim();
        if (/^-?\d+$/.test(text)) return Number(text) >= -128 && Number(text) <= 127 && Number(text) !== 0 ? "" : t("error.attributeId");
        if (!nameForm.test(text)) return t("error.attributeId");
        if (!table.length || objectType === undefined || isEnv(objectType)) return "";
        const row = findClass(table, empty(objectType) ? "REGISTER" : objectType);
        const names = row ? row.attributes.map(function (attribute) { return attribute.name; }).concat(row.formerAttributes || []) : [];
        if (names.some(function (name) { return plainName(name) === plainName(text); })) return "";
        return t("error.noAttribute", { type: row ? row.title : String(objectType), name: text });
    }
    function typeValid(value, opt) {
        if (!attributeMode(this) || !fixed(this, "objectType")) return true;
        return typeProblem(value) || true;
    }
    function attributeValid(value, opt) {
        if (!attributeMode(this) || !fixed(this, "attributeId")) return true;
        return attributeProblem(value) || true;
    }
    function rangeOf(node) {
        try {
            const range = JSON.parse(node.range || "{}");
            return range && typeof range === "object" ? range : {};
        } catch {
            return {};
        }
    }
    function rangeValid(value, opt) {
        if (chosen(this, "mode") !== "profile" || !fixed(this, "range") || empty(value) || isEnv(value)) return true;
        try {
            const range = JSON.parse(value);
            if (range && range.from) return timesProblem(range.from, range.to || "") || true;
            if (range && (range.last > 0 || periods.indexOf(range.last) !== -1 || Array.isArray(range.entries))) return true;
        } catch { /* said below */ }
        return t("error.range");
    }
    const periods = ["day", "week", "month"];
    const isoTime = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;
    function hasOffset(text) { return text.length > 10 && /(Z|[+-]\d\d:?\d\d)$/.test(text); }
    // An ISO time that is a day of the calendar; without an offset it is the meter's time.
    function momentOf(text) {
        return isoTime.test(text) ? Date.parse(text.replace(" ", "T") + (text.length <= 10 ? "T00:00" : "") + (hasOffset(text) ? "" : "Z")) : NaN;
    }
    function timesProblem(from, to) {
        if (isNaN(momentOf(from))) return t("error.from");
        if (to !== "" && isNaN(momentOf(to))) return t("error.to");
        // the meter's time and one with an offset cannot be compared here
        if (to !== "" && hasOffset(from) === hasOffset(to) && momentOf(to) < momentOf(from)) return t("error.order");
        return "";
    }
    function wholeSeconds(value, most, problem) {
        if (empty(value) || isEnv(value)) return true;
        const number = Number(value);
        return Number.isInteger(number) && number >= 0 && number <= most || problem;
    }
    function secondsValid(value, opt) { return wholeSeconds(value, 604800, t("error.seconds")); }
    function giveUpValid(value, opt) { return wholeSeconds(value, 86400, t("error.giveUpAfter")); }
    function spreadValid(value, opt) {
        const valid = secondsValid(value, opt);
        const interval = chosen(this, "interval");
        if (valid !== true || isEnv(value) || isEnv(interval) || empty(value)) return valid;
        return Number(value) === 0 || Number(value) <= Number(interval || 0) || t("error.spread");
    }
    function columnsValid(value, opt) {
        if (chosen(this, "mode") !== "profile" || !fixed(this, "columns") || empty(value) || isEnv(value)) return true;
        const bad = String(value).split(/[,;\s]+/).filter(Boolean).find(function (one) { return !isObis(one.split("/")[0]); });
        return bad === undefined || t("error.column", { name: bad });
    }
    function dotted(obis) {
        const text = String(obis).trim();
        const hex = /^[0-9a-fA-F]{12}$/.test(text) && text.match(/../g);
        const parts = hex ? hex.map(function (digits) { return parseInt(digits, 16); }) : text.split(/\D/).map(Number);
        return (parts.length === 5 ? parts.concat(255) : parts).join(".");
    }
    // As the node names a value that has no name; that of a variable is known there only.
    function nameOf(point) {
        if (!empty(point.name)) return String(point.name);
        if (isEnv(point.logicalName) || isEnv(point.attributeId)) return undefined;
        return dotted(point.logicalName) + "/" + (empty(point.attributeId) ? 2 : point.attributeId);
    }
    // What is wrong with a value of a list by itself: {field, reason}
    function pointProblem(point) {
        if (!isEnv(point.logicalName) && !isObis(point.logicalName)) return { field: "logicalName", reason: t("error.obis") };
        const type = typeProblem(point.objectType);
        if (type) return { field: "objectType", reason: type };
        const attribute = attributeProblem(point.attributeId, point.objectType || "");
        return attribute ? { field: "attributeId", reason: attribute } : undefined;
    }
    // The same for each of a list, in its order; undefined where nothing is wrong.
    function pointProblems(points) {
        // no name is there before, "constructor" neither
        const names = Object.create(null);
        return points.map(function (point) {
            const problem = pointProblem(point);
            const name = problem ? undefined : nameOf(point);
            if (name === undefined) return problem;
            if (names[name]) return { field: "name", reason: t("error.duplicate", { name: name }) };
            names[name] = true;
            return undefined;
        });
    }
    function pointsValid(points, opt) {
        if (chosen(this, "mode") !== "list" || !Array.isArray(points)) return true;
        const problems = pointProblems(points);
        const row = problems.findIndex(Boolean);
        return row === -1 || t("error.row", { row: row + 1, reason: problems[row].reason });
    }

    root.dlmsReadChecks = {
        t: t, isEnv: isEnv, empty: empty, isObis: isObis, fixed: fixed, rangeOf: rangeOf, periods: periods, timesProblem: timesProblem,
        obis: obisValid, objectType: typeValid, attributeId: attributeValid, points: pointsValid, range: rangeValid,
        columns: columnsValid, seconds: secondsValid, spread: spreadValid, giveUpAfter: giveUpValid,
        plainName: plainName, findClass: findClass, pointProblem: pointProblem, pointProblems: pointProblems,
        // the class table of the stack
        know: function (classes) { table = classes; },
        // what stands in the dialog of this node decides from now on
        edit: function (id) { editing = id; }
    };
})(window);
