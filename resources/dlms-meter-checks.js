// What the fields of the dlms-meter dialog accept. A validator has two parameters: of one with fewer, the editor takes
// a text for "valid". An empty field means the default, so it is valid.
/* global window, $, RED, TextEncoder */
/* eslint no-unused-vars: ["error", { "args": "none" }] */
(function (root) {
    "use strict";

    function t(key, values) { return RED._("node-red-contrib-dlms/dlms-meter:dlms-meter." + key, values); }
    function isEnv(value) { return /^\$\{[^}]+\}$/.test(value); }
    function empty(value) { return value === undefined || value === null || value === ""; }

    // While the dialog is open, what stands there decides, not what was saved.
    let editing;
    function standing(node, name) {
        const input = $("#node-config-input-" + name);
        return editing !== undefined && node.id === editing && input.length ? input : undefined;
    }
    function chosen(node, name) {
        const input = standing(node, name);
        return input ? input.val() : node[name];
    }
    function overNetwork(node) { return chosen(node, "transportType") !== "SERIAL"; }
    function overSerial(node) { return chosen(node, "transportType") === "SERIAL"; }
    function overHdlc(node) {
        const framing = chosen(node, "framing") || (overSerial(node) ? "HDLC" : "WRAPPER");
        return framing !== "WRAPPER";
    }

    function whole(min, max, uses) {
        return function (value, opt) {
            if ((uses && !uses(this)) || isEnv(value) || empty(value)) return true;
            const number = Number(value);
            if (Number.isInteger(number) && number >= min && number <= max) return true;
            return t("error.whole", { min: min, max: max });
        };
    }
    function needed(uses) {
        return function (value, opt) {
            if (uses && !uses(this)) return true;
            return !empty(value) || t("error.needed");
        };
    }
    function clientAddress(value, opt) { return whole(1, overHdlc(this) ? 127 : 65535).call(this, value); }
    function serverAddress(value, opt) { return whole(0, overHdlc(this) ? 16383 : 65535).call(this, value); }
    function bareHex(value) { return String(value).replace(/0x/gi, "").replace(/[\s:,;-]+/g, ""); }
    function title(value, opt) {
        return isEnv(value) || empty(value) || /^[0-9a-f]{16}$/i.test(bareHex(value)) || t("error.title");
    }
    function obis(value, opt) {
        if (isEnv(value) || empty(value)) return true;
        return /^(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}([*&.]\d{1,3})?|(\d{1,3}\.){4}\d{1,3}([.*&]\d{1,3})?|[0-9a-f]{12})$/i.test(value) || t("error.obis");
    }

    // Symmetric keys, and how messages call them.
    const shortNames = { encryptionKey: "GUEK", authenticationKey: "GAK", masterKey: "KEK", broadcastKey: "GBEK" };
    const symmetricKeys = Object.keys(shortNames);
    // Node-RED hides a stored secret behind this word.
    const hidden = "__PWRD__";

    function keyUsed(node, name) {
        const policy = chosen(node, "securityPolicy");
        if ((empty(policy) || policy === "NONE") && chosen(node, "authentication") !== "HIGH_GMAC") return false;
        const ciphering = chosen(node, "ciphering");
        return name !== "masterKey" || !(empty(ciphering) || ciphering === "SERVICE" || ciphering === "GENERAL");
    }
    function passwordUsed(node) {
        return ["LOW", "HIGH", "HIGH_MD5", "HIGH_SHA1", "HIGH_SHA256"].indexOf(chosen(node, "authentication")) !== -1;
    }

    // A secret's length in bytes, "x" when its hex digits are none; undefined when it is not to be seen here.
    function sizeOf(value, format) {
        if (empty(value) || value === hidden || isEnv(value)) return undefined;
        if (format === "TEXT") return String(new TextEncoder().encode(value).length);
        return /^([0-9a-f]{2})*$/i.test(bareHex(value)) ? String(bareHex(value).length / 2) : "x";
    }
    // The editor forgets secrets when they are deployed: secretSizes remembers how long a key was, "name:format:bytes",
    // and of a password only that it is no hex.
    function remembered(node, name, format) {
        const note = String(node.secretSizes || "").split(" ").find(function (one) { return one.indexOf(name + ":" + format + ":") === 0; });
        return note && note.split(":")[2];
    }
    function sizeNow(node, name, value) {
        const format = chosen(node, name === "password" ? "passwordFormat" : "keyFormat");
        const input = standing(node, name);
        const secret = input ? input.val() : value;
        if (input && empty(secret)) return undefined;
        if (!empty(secret) && secret !== hidden) return sizeOf(secret, format);
        return remembered(node, name, format);
    }
    function sizes(node) {
        return symmetricKeys.concat("password").map(function (name) {
            const size = sizeNow(node, name);
            const format = chosen(node, name === "password" ? "passwordFormat" : "keyFormat");
            return size === undefined || (name === "password" && size !== "x") ? "" : name + ":" + format + ":" + size;
        }).filter(Boolean).join(" ");
    }

    function keyProblem(node, name, value) {
        const got = keyUsed(node, name) ? sizeNow(node, name, value) : undefined;
        if (got === undefined) return "";
        if (got === "x") return t("error.hex", { name: shortNames[name] });
        const expected = String(chosen(node, "securitySuite")) === "2" ? "32" : "16";
        return got === expected ? "" : t("error.keyLength", { name: shortNames[name], expected: expected, got: got });
    }
    function passwordProblem(node, value) {
        return passwordUsed(node) && sizeNow(node, "password", value) === "x" ? t("error.hex", { name: t("label.password") }) : "";
    }
    function key(name) {
        return function (value, opt) { return keyProblem(this, name, value) || true; };
    }
    function password(value, opt) { return passwordProblem(this, value) || true; }
    // The editor marks fields by the validators of credentials, but a node only by those of its properties.
    function keys(value, opt) {
        const node = this;
        return symmetricKeys.map(function (name) { return keyProblem(node, name, (node.credentials || {})[name]); }).filter(Boolean).join("; ") || true;
    }
    function passwordFormat(value, opt) { return passwordProblem(this, (this.credentials || {}).password) || true; }

    root.dlmsMeterChecks = {
        edit: function (id) { editing = id; },
        isEnv: isEnv, whole: whole, needed: needed, title: title, obis: obis,
        clientAddress: clientAddress, serverAddress: serverAddress,
        overNetwork: overNetwork, overSerial: overSerial, overHdlc: overHdlc,
        symmetricKeys: symmetricKeys, key: key, keys: keys, keyProblem: keyProblem, sizes: sizes,
        password: password, passwordFormat: passwordFormat
    };
})(window);
