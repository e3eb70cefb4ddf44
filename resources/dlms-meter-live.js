// Test connection and Find the address in the dlms-meter dialog: both go to the meter with the settings as they stand
// there, deployed or not, and are answered line by line.
/* global window, $, RED, dlmsProblem */
(function (root) {
    "use strict";

    function t(key, values) { return RED._("node-red-contrib-dlms/dlms-meter:dlms-meter." + key, values); }

    function standing(node, names, field) {
        const values = {};
        names.forEach(function (name) {
            const input = field(name);
            values[name] = !input.length ? node[name] : input.is(":checkbox") ? input.prop("checked") : input.val();
        });
        return values;
    }

    /*
     * A request whose answer is shown as it comes, with a button that starts and one that stops it.
     * options: name ("test", "find"), start, stop, list (elements), url, body(), line(object), begin(), end(complete)
     */
    function live(options) {
        let running;
        function stop() { if (running) running.abort(); }
        function say(key) {
            reveal($("<li>").addClass("dlms-failed").text(t(options.name + "." + key)).appendTo(options.list));
        }
        function start() {
            // a second click must not send a wrong password a second time
            if (running) return;
            let shown = 0;
            function take(text, whole) {
                const lines = text.slice(shown).split("\n");
                if (!whole) lines.pop();
                lines.forEach(function (line) {
                    shown += line.length + 1;
                    if (line) options.line(JSON.parse(line));
                });
            }
            options.list.empty().attr("aria-busy", "true");
            options.begin();
            options.start.attr("aria-disabled", "true").find("i").addClass("fa-spinner fa-spin");
            options.stop.show();
            const request = running = $.ajax({
                url: options.url, method: "POST", contentType: "application/json", dataType: "text",
                data: JSON.stringify(options.body()),
                xhr: function () {
                    const plain = $.ajaxSettings.xhr();
                    plain.onprogress = function () { take(plain.responseText, false); };
                    return plain;
                }
            });
            request.done(function (text) { take(text, true); }).fail(function (failed, reason) {
                if (reason !== "abort") say(failed.status === 401 || failed.status === 403 ? "forbidden" : "unavailable");
            }).always(function (_, reason) {
                running = undefined;
                // who stops by the keyboard does not lose the place
                if (options.stop.is(":focus")) options.start.trigger("focus");
                options.start.removeAttr("aria-disabled").find("i").removeClass("fa-spinner fa-spin");
                options.stop.hide();
                options.list.removeAttr("aria-busy");
                options.end(reason === "success");
            });
        }
        options.start.on("click", start);
        options.stop.on("click", stop);
        options.start.add(options.stop).on("keydown", function (event) {
            if (event.key !== "Escape" || !running) return;
            event.stopPropagation();
            stop();
        });
        return { start: start, stop: stop };
    }

    // The sentences of a step, of what it has found.
    function found(facts) {
        function say(key, values) { return t("test.found." + key, values); }
        const values = $.extend({}, facts);
        const more = [];
        if (facts.found === "associated") {
            values.referencing = facts.referencing.toUpperCase();
            values.size = facts.maxPduSize === 0 ? say("unlimited") : say("upTo", { bytes: facts.maxPduSize });
            values.services = facts.services.join(", ");
        }
        if (facts.unverified) more.push(say("unverified"));
        if (facts.sizes) more.push(say("sizes", facts.sizes));
        if (facts.policy) {
            more.push(say("protection", { policy: t("policy." + facts.policy.toUpperCase().replace(/-/g, "_")), suite: facts.suite }));
        }
        return [say(facts.found, values)].concat(more).join(" ");
    }

    // The results stand below the last field, out of sight in a usual window.
    function reveal(item) { item[0].scrollIntoView({ block: "nearest" }); }

    function showStep(list, line) {
        const item = $("<li>").addClass(line.ok ? "dlms-ok" : "dlms-failed");
        $("<i>").addClass(line.ok ? "fa fa-check" : "fa fa-times")
            .attr({ role: "img", "aria-label": t(line.ok ? "test.ok" : "test.failed") }).appendTo(item);
        $("<strong>").text(t("test.step." + line.step)).appendTo(item);
        if (line.error) {
            const advice = line.hints && line.hints.map(function (hint) { return t("test.advice." + hint.key, { client: hint.client }); });
            dlmsProblem.show(RED, line.error, advice).appendTo(item);
        } else {
            $("<span>").text(" " + (line.facts ? found(line.facts) : line.text)).appendTo(item);
        }
        item.appendTo(list);
        reveal(item);
    }

    // For a report in public: no secret is in the lines, and neither host nor name of the meter goes out.
    function report(lines, settings, secrets) {
        const used = ["transportType", "framing", "clientAddress", "serverAddress", "physicalAddress", "addressSize",
            "referencing", "authentication", "securityPolicy", "securitySuite", "ciphering"].filter(function (name) { return settings[name]; });
        const module = RED.nodes.registry.getModule && RED.nodes.registry.getModule("node-red-contrib-dlms");
        function masked(line) {
            let text = line.text;
            const name = line.facts && line.facts.found === "value" ? line.facts.value : "";
            [settings.host, settings.tlsServerName, name].concat(secrets).filter(function (one) { return one && one.length > 2; }).forEach(function (value) { text = text.split(value).join("..."); });
            return text;
        }
        return ["node-red-contrib-dlms" + (module && module.version ? " " + module.version : "") + ", connection test"].concat(
            used.map(function (name) { return name + ": " + settings[name]; }),
            lines.map(function (line) {
                const code = line.error ? " " + line.error.code : "";
                return (line.ok ? "[ok] " : "[failed] ") + line.step + code + " (" + (line.durationMs || 0) + " ms): " + masked(line);
            })).join("\n");
    }

    function connectionTest(node, field) {
        const list = $("#dlms-meter-test-steps");
        const copy = $("#dlms-meter-test-copy");
        const note = $("#dlms-meter-test-copied");
        let lines = [];
        function clear() {
            lines = [];
            list.empty().removeAttr("tabindex");
            note.text("");
            copy.hide();
        }
        const test = live({
            name: "test", url: "dlms/test-connection", list: list,
            start: $("#dlms-meter-test"), stop: $("#dlms-meter-test-stop"),
            body: function () {
                return {
                    id: node.id,
                    properties: standing(node, Object.keys(node._def.defaults), field),
                    credentials: standing(node, Object.keys(node._def.credentials), field)
                };
            },
            begin: clear,
            line: function (line) {
                lines.push(line);
                showStep(list.attr("tabindex", "0"), line);
            },
            end: function () { copy.toggle(lines.length > 0); }
        });
        copy.on("click", function () {
            const settings = standing(node, Object.keys(node._def.defaults), field);
            const typed = standing(node, Object.keys(node._def.credentials), field);
            const secrets = Object.keys(typed).map(function (name) { return typed[name]; }).filter(function (one) { return one && one.length > 3; });
            note.text(t(RED.clipboard.copyText(report(lines, settings, secrets)) ? "test.copied" : "test.notCopied"));
        });
        return {
            stop: test.stop,
            // What was found out with other settings says nothing of these.
            forget: function () {
                test.stop();
                clear();
            }
        };
    }

    function takeAddress(field, trial) {
        field("serverAddress").val(trial.logical).trigger("change");
        field("physicalAddress").val(trial.physical).trigger("change");
        field("addressSize").val(trial.addressSize).trigger("change");
        field("serverAddress").trigger("focus");
    }
    function showTrial(list, field, trial) {
        const item = $("<li>").addClass("dlms-ok").appendTo(list);
        const address = trial.physical === "" ? String(trial.logical) : trial.logical + "/" + trial.physical;
        const name = trial.device ? " " + t("find.result.device", { device: trial.device }) : "";
        $("<strong>").text(address + " (" + trial.bytes + ") ").appendTo(item);
        $("<span>").text(t("find.result." + trial.result) + name + " ").appendTo(item);
        $("<button type='button' class='red-ui-button red-ui-button-small'>").text(t("find.take"))
            .attr("aria-label", t("find.take") + ": " + address).on("click", function () { takeAddress(field, trial); }).appendTo(item);
        reveal(item);
    }
    function addressSearch(node, field) {
        const list = $("#dlms-meter-find-list");
        const progress = $("#dlms-meter-find-progress");
        const serial = $("#dlms-meter-find-serial");
        let answers = 0;
        const search = live({
            name: "find", url: "dlms/find-address", list: list,
            start: $("#dlms-meter-find"), stop: $("#dlms-meter-find-stop"),
            body: function () {
                return { id: node.id, properties: standing(node, Object.keys(node._def.defaults), field), serialNumber: serial.val() };
            },
            begin: function () {
                answers = 0;
                progress.text("");
            },
            line: function (line) {
                if (line.index !== undefined) {
                    progress.text(t("find.progress", { index: line.index, total: line.total, bytes: line.bytes }));
                    if (!line.answered) return;
                    showTrial(list, field, line);
                } else {
                    reveal($("<li>").addClass("dlms-failed").append(dlmsProblem.show(RED, line.error)).appendTo(list));
                }
                answers++;
            },
            end: function (complete) {
                progress.text("");
                if (complete && !answers) reveal($("<li>").addClass("dlms-failed").text(t("find.nothing")).appendTo(list));
            }
        });
        serial.on("keydown", function (event) {
            if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            search.start();
        });
        return {
            stop: search.stop,
            // Who answered on another line says nothing of this one.
            forget: function () {
                search.stop();
                list.empty();
            }
        };
    }

    root.dlmsMeterLive = { connectionTest: connectionTest, addressSearch: addressSearch };
})(window);
