// Which secrets of a dlms-meter are there. The editor itself knows it only of meters whose dialog was opened since the
// last deploy, so Node-RED is asked: once for all meters, when some came in or were deployed. A flow that was imported
// without its secrets is marked by that.
/* global window, $, RED */
(function (root) {
    "use strict";

    // names by id of the meter; undefined: not known, and then nothing is said to be missing
    let stored;

    function has(node, name) {
        const typed = node.credentials;
        if (typed) return Boolean(typed[name] || typed["has_" + name]);
        return stored === undefined || (stored[node.id] || []).indexOf(name) !== -1;
    }

    function recheck() {
        let changed = false;
        RED.nodes.eachConfig(function (node) {
            if (node.type !== "dlms-meter") return;
            const before = node.valid;
            if (RED.editor.validateNode(node) === before) return;
            changed = true;
            node.users.forEach(function (user) {
                RED.editor.validateNode(user);
                user.dirty = true;
            });
        });
        if (changed) RED.view.redraw();
    }
    function ask() {
        $.getJSON("dlms/secrets").done(function (answer) {
            stored = answer;
            recheck();
        });
    }
    let due;
    function askSoon() {
        clearTimeout(due);
        due = setTimeout(ask, 0);
    }
    RED.events.on("nodes:add", function (node) { if (node.type === "dlms-meter") askSoon(); });
    RED.events.on("deploy", function () {
        stored = undefined;
        askSoon();
    });

    root.dlmsMeterSecrets = { has: has };
})(window);
