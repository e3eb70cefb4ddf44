// What the fields of the dlms-meter dialog accept. A validator has two parameters: of one with fewer, the editor takes
// a text for "valid". An empty field means the default, so it is valid.
/* global window, $, RED, TextEncoder, dlmsMeterSecrets */
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
    function framing(node) { return chosen(node, "framing") || (overSerial(node) ? "HDLC" : "WRAPPER"); }
    function overHdlc(node) { return framing(node) !== "WRAPPER"; }
    function overModeE(node) { return framing(node) === "HDLC_MODE_E"; }

    function whole(min, max, uses) {
        return function (value, opt) {
            if ((uses && !uses(this)) || isEnv(value) || empty(value)) return true;
            // as the node takes it: no fraction, no exponent
            const number = /^\s*-?(\d+|0x[0-9a-f]+)\s*$/i.test(value) ? Number(value) : NaN;
            if (number >= min && number <= max) return true;
            return t("error.whole", { min: min, max: max });
        };
    }
    function clientAddress(value, opt) { return whole(1, overHdlc(this) ? 127 : 65535).call(this, value); }
    function serverAddress(value, opt) { return (overHdlc(this) ? whole(0, 16383) : whole(1, 65535)).call(this, value); }
    function bareHex(value) { return String(value).replace(/0x/gi, "").replace(/[\s:,;-]+/g, ""); }
    function title(value, opt) {
        return isEnv(value) || empty(value) || /^[0-9a-f]{16}$/i.test(bareHex(value)) || t("error.title");
    }
    function obis(value, opt) {
        if (isEnv(value) || empty(value)) return true;
        const text = String(value).trim();
        if (/^[0-9a-f]{12}$/i.test(text)) return true;
        const form = /^(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}([*&.]\d{1,3})?|(\d{1,3}\.){4}\d{1,3}([.*&]\d{1,3})?)$/;
        return form.test(text) && text.match(/\d+/g).every(function (group) { return Number(group) <= 255; }) || t("error.obis");
    }

    // Symmetric keys, and how messages call them.
    const shortNames = { encryptionKey: "GUEK", authenticationKey: "GAK", masterKey: "KEK", broadcastKey: "GBEK" };
    const symmetricKeys = Object.keys(shortNames);
    // Node-RED hides a stored secret behind this word.
    const hidden = "__PWRD__";

    function ciphered(node) {
        const policy = chosen(node, "securityPolicy");
        return !(empty(policy) || policy === "NONE") || chosen(node, "authentication") === "HIGH_GMAC";
    }
    function keyUsed(node, name) {
        if (!ciphered(node)) return false;
        const ciphering = chosen(node, "ciphering");
        return name !== "masterKey" || !(empty(ciphering) || ciphering === "SERVICE" || ciphering === "GENERAL");
    }
    function passwordUsed(node) {
        return ["LOW", "HIGH", "HIGH_MD5", "HIGH_SHA1", "HIGH_SHA256"].indexOf(chosen(node, "authentication")) !== -1;
    }
    function signs(node) {
        const input = standing(node, "signMessages");
        return ciphered(node) && Boolean(input ? input.prop("checked") : node.signMessages);
    }
    // Without which secrets the meter is not even asked.
    function neededSecrets(node) {
        const ecdsa = chosen(node, "authentication") === "HIGH_ECDSA";
        const ciphering = ciphered(node) ? chosen(node, "ciphering") : "";
        const needed = {
            password: passwordUsed(node), encryptionKey: ciphered(node), authenticationKey: ciphered(node),
            masterKey: ciphering === "WRAPPED_KEY",
            signingKey: ecdsa || signs(node) || ciphering === "ONE_PASS",
            meterSigningCertificate: ecdsa || signs(node),
            agreementKey: ciphering === "STATIC_UNIFIED",
            meterAgreementCertificate: ciphering === "ONE_PASS" || ciphering === "STATIC_UNIFIED"
        };
        return Object.keys(needed).filter(function (name) { return needed[name]; });
    }
    function missing(node, name) {
        if (neededSecrets(node).indexOf(name) === -1) return "";
        const input = standing(node, name);
        // a field that was emptied takes its secret away; one that could not be filled says nothing
        const there = input && (!empty(input.val()) || node.credentials) ? !empty(input.val()) : dlmsMeterSecrets.has(node, name);
        return there ? "" : t("error.missing", { name: shortNames[name] || t("label." + name) });
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
    function formatOf(node, name) {
        return name === "password" ? chosen(node, "passwordFormat") || "TEXT" : chosen(node, "keyFormat") || "HEX";
    }
    function sizeNow(node, name, value) {
        const format = formatOf(node, name);
        const input = standing(node, name);
        const secret = input ? input.val() : value;
        if (input && empty(secret)) return undefined;
        if (!empty(secret) && secret !== hidden) return sizeOf(secret, format);
        return remembered(node, name, format);
    }
    function sizes(node) {
        return symmetricKeys.concat("password").map(function (name) {
            const size = sizeNow(node, name);
            const format = formatOf(node, name);
            return size === undefined || (name === "password" && size !== "x") ? "" : name + ":" + format + ":" + size;
        }).filter(Boolean).join(" ");
    }

    function keyProblem(node, name, value) {
        const got = keyUsed(node, name) ? sizeNow(node, name, value) : undefined;
        if (missing(node, name) || got === undefined) return missing(node, name);
        if (got === "x") return t("error.hex", { name: shortNames[name] });
        const expected = String(chosen(node, "securitySuite")) === "2" ? "32" : "16";
        return got === expected ? "" : t("error.keyLength", { name: shortNames[name], expected: expected, got: got });
    }
    function passwordProblem(node, value) {
        if (missing(node, "password")) return missing(node, "password");
        return passwordUsed(node) && sizeNow(node, "password", value) === "x" ? t("error.hex", { name: t("label.password") }) : "";
    }
    const certificates = ["signingKey", "meterSigningCertificate", "agreementKey", "meterAgreementCertificate"];
    // What is wrong with a secret, or "".
    function secretProblem(node, name, value) {
        if (name === "password") return passwordProblem(node, value);
        return certificates.indexOf(name) === -1 ? keyProblem(node, name, value) : missing(node, name);
    }
    function secret(name) {
        return function (value, opt) { return secretProblem(this, name, value) || true; };
    }
    // The editor marks fields by the validators of credentials, but a node only by those of its properties: this is that
    // of one that has no field to be marked beside them.
    function allSecrets(value, opt) {
        const node = this;
        return secrets.map(function (name) { return secretProblem(node, name, (node.credentials || {})[name]); }).filter(Boolean).join("; ") || true;
    }
    const secrets = symmetricKeys.concat(certificates, "password");

    root.dlmsMeterChecks = {
        edit: function (id) { editing = id; },
        isEnv: isEnv, whole: whole, title: title, obis: obis,
        clientAddress: clientAddress, serverAddress: serverAddress,
        overNetwork: overNetwork, overSerial: overSerial, overHdlc: overHdlc, overModeE: overModeE,
        symmetricKeys: symmetricKeys, secrets: secrets,
        secret: secret, secretProblem: secretProblem, sizes: sizes, allSecrets: allSecrets
    };
})(window);
