// The panel "Browse meter" of the dlms-read dialog: the meter's objects as a tree that can be searched.
/* global window, document, $, RED, dlmsProblem */
(function (root) {
    "use strict";

    // What was browsed last, by meter: the OBIS field offers it while one types.
    const browsed = {};
    const groups = [
        "energy", "demand", "power", "voltage", "current", "quality", "consumption", "profiles", "time",
        "identification", "status", "control", "security", "communication", "manufacturer", "other"
    ];
    const media = [0, 1, 4, 5, 6, 7, 8, 9, 15];

    function codeOf(xhr) { return xhr.responseJSON && xhr.responseJSON.error && xhr.responseJSON.error.code; }
    // An error of the meter, or on the way to it; it has texts in each language.
    function errorOf(xhr) { return codeOf(xhr) && codeOf(xhr) !== "NOT_DEPLOYED" ? xhr.responseJSON.error : undefined; }
    function sentenceOf(xhr, t) {
        const error = errorOf(xhr);
        if (error) {
            const problem = dlmsProblem(RED, error);
            return problem.advice ? problem.text + " " + problem.advice : problem.text;
        }
        if (codeOf(xhr) === "NOT_DEPLOYED") return t("browse.notDeployed");
        if (xhr.status === 401 || xhr.status === 403) return t(xhr.ofDraft ? "browse.notDeployed" : "browse.forbidden");
        return xhr.status === 0 ? t("browse.noServer") : t("browse.failed", { status: xhr.status });
    }

    // The editor's own language: names of codes, classes and units follow it.
    function language() { return root.RED.i18n.lang(); }

    function meterNode(meterId) { return root.RED.nodes.node(meterId); }
    function propertiesOf(node) {
        const properties = {};
        Object.keys(node._def.defaults).forEach(function (name) { properties[name] = node[name]; });
        return properties;
    }
    // Secrets that were typed since the last deploy; the others are on the server.
    function typedSecretsOf(node) {
        const typed = {};
        Object.keys(node._def.credentials || {}).forEach(function (name) {
            const value = (node.credentials || {})[name];
            if (typeof value === "string") typed[name] = value;
        });
        return typed;
    }
    // What was browsed belongs to a node with these settings.
    function placeOf(meterId) {
        const node = meterNode(meterId);
        return node ? meterId + JSON.stringify(propertiesOf(node)) : meterId;
    }

    // One request of the dialog to a meter. One that is not deployed, or was changed since, is asked by what stands here.
    function ask(meterId, what, body) {
        const node = meterNode(meterId);
        const result = $.Deferred();
        let request;
        function send(draft) {
            const settings = draft ? { properties: propertiesOf(node), credentials: typedSecretsOf(node) } : {};
            request = $.ajax({
                url: "dlms/" + (draft ? "drafts/" : "meters/") + encodeURIComponent(meterId) + "/" + what, method: "POST",
                contentType: "application/json", data: JSON.stringify($.extend({ language: language() }, body, settings)), dataType: "json"
            });
            request.done(result.resolve).fail(function (xhr) {
                // disabled, or removed by somebody else
                if (!draft && node && codeOf(xhr) === "NOT_DEPLOYED") return send(true);
                xhr.ofDraft = draft;
                result.reject(xhr);
            });
        }
        send(Boolean(node && node.changed));
        return result.promise({ abort: function () { request.abort(); } });
    }

    // The branches: medium, quantity, object, attribute. Objects are leaves until they are opened.
    function branches(objects, t) {
        const tree = [];
        const byMedium = {};
        objects.forEach(function (object) {
            const medium = media.indexOf(object.medium) === -1 ? "other" : object.medium;
            const group = byMedium[medium] = byMedium[medium] || {};
            (group[object.group] = group[object.group] || []).push(object);
        });
        [1, 7, 8, 9, 6, 5, 4, 0, 15, "other"].forEach(function (medium) {
            const found = byMedium[medium];
            if (!found) return;
            const children = groups.filter(function (group) { return found[group]; }).map(function (group) {
                return {
                    key: medium + "/" + group, label: t("browse.group." + group), count: found[group].length,
                    children: found[group].map(function (object) { return { key: object.classId + "@" + object.logicalName, object: object }; })
                };
            });
            tree.push({
                key: String(medium), label: t("browse.medium." + medium),
                count: children.reduce(function (sum, child) { return sum + child.count; }, 0), children: children
            });
        });
        return tree;
    }

    function matches(object, words) {
        const text = [object.obis, object.logicalName, object.description, object.title, object.objectType].join(" ").toLowerCase();
        return words.every(function (word) { return text.indexOf(word) !== -1; });
    }

    /*
     * options: t, meterId(), multiple(), accepts(object), onPick(choice), onAdd(choices), onClose()
     * a choice: {object, logicalName, objectType, attributeId, name}
     */
    function ObjectBrowser(panel, options) {
        const t = options.t;
        const self = { open: open, close: close, take: take, visible: function () { return panel.is(":visible"); } };
        let objects = [];
        let opened = {};
        let chosen = {};
        let values = {};
        let pending;

        panel.empty().addClass("dlms-browser").hide();
        const bar = $("<div class='dlms-browser-bar'>").appendTo(panel);
        const search = $("<input type='search' class='dlms-browser-search' autocomplete='off'>")
            .attr({ placeholder: t("browse.search"), "aria-label": t("browse.search") }).appendTo(bar);
        const again = button("fa-refresh", t("browse.again")).appendTo(bar);
        const shut = button("fa-times", t("browse.close")).appendTo(bar);
        const note = $("<div class='dlms-browser-note' role='status' aria-live='polite'>").appendTo(panel);
        const tree = $("<ul class='dlms-browser-tree' role='tree'>").attr("aria-label", t("browse.title")).appendTo(panel);
        const add = $("<button type='button' class='red-ui-button dlms-browser-add'>").appendTo(panel);
        // nobody waits any more when the dialog is gone
        panel.on("remove", stop);

        function button(icon, title) {
            return $("<button type='button' class='red-ui-button red-ui-button-small'>").attr({ title: title, "aria-label": title })
                .append($("<i class='fa'>").addClass(icon));
        }

        function open() {
            panel.show();
            // what was looked for in another list says nothing of this one
            search.val("");
            chosen = {};
            tree.attr("aria-multiselectable", String(options.multiple()));
            add.toggle(options.multiple());
            showAdd();
            const known = browsed[placeOf(options.meterId())];
            if (known) { objects = known.filter(options.accepts); draw(); say(summary()); } else load();
            search.trigger("focus");
        }
        function stop() {
            if (pending) pending.abort();
            wishes = [];
            if (reading) reading.abort();
        }
        function close() {
            stop();
            panel.hide();
            options.onClose();
        }
        function say(text, failed) {
            note.toggleClass("dlms-browser-error", Boolean(failed)).attr("role", failed ? "alert" : "status").empty().text(text);
        }
        function summary() { return t("browse.count", { count: objects.length }); }

        function load() {
            const id = options.meterId();
            if (pending) pending.abort();
            objects = [];
            values = {};
            tree.empty();
            if (!id) return say(t("browse.noMeter"), true);
            say("");
            note.append($("<i class='fa fa-spinner fa-spin'>"), document.createTextNode(" " + t("browse.loading")));
            tree.attr("aria-busy", "true");
            const place = placeOf(id);
            const request = pending = ask(id, "browse");
            request.done(function (answer) {
                browsed[place] = answer.objects;
                objects = answer.objects.filter(options.accepts);
                draw();
                say(summary() + (answer.skipped ? " " + t("browse.skipped", { count: answer.skipped }) : ""));
            }).fail(function (xhr) {
                if (xhr.statusText === "abort") return;
                const error = errorOf(xhr);
                say(error ? "" : sentenceOf(xhr, t), true);
                if (error) note.append(dlmsProblem.show(RED, error));
            }).always(function () {
                if (pending === request) pending = undefined;
                tree.attr("aria-busy", "false");
            });
        }

        function draw() {
            const words = search.val().trim().toLowerCase().split(/\s+/).filter(Boolean);
            const found = words.length ? objects.filter(function (object) { return matches(object, words); }) : objects;
            // what fits is shown without a click; what somebody closed stays closed
            const all = words.length > 0 && found.length <= 200;
            const few = !words.length && found.length <= 60;
            tree.empty();
            branches(found, t).forEach(function (branch) {
                if (few) branch.children.forEach(function (group) { opened[group.key] = opened[group.key] !== false; });
                item(branch, 1, all).appendTo(tree);
            });
            tree.find("[role=treeitem]").first().attr("tabindex", "0");
            if (words.length) say(t("browse.found", { count: found.length, total: objects.length }));
        }

        function item(node, level, all) {
            const li = $("<li role='treeitem' tabindex='-1'>").attr("aria-level", level).data("node", node);
            const row = $("<div class='dlms-browser-row'>").css("padding-left", (level - 1) * 16 + "px").appendTo(li);
            $("<i class='fa fa-fw'>").appendTo(row);
            if (node.object || node.attribute) objectRow(node, row);
            else row.append($("<span>").text(node.label), $("<span class='dlms-browser-count'>").text(node.count));
            if (node.attribute) return mark(li);
            li.attr("aria-expanded", "false");
            if (!node.object && (all || level === 1 || opened[node.key])) expand(li, true, all);
            else icon(li);
            return mark(li);
        }

        function objectRow(node, row) {
            const object = node.object;
            if (node.attribute) {
                row.append($("<code>").text(node.attribute.id), $("<span class='dlms-browser-text'>").text(node.attribute.name || t("browse.attribute", { id: node.attribute.id })),
                    $("<span class='dlms-browser-class'>").text(node.attribute.access ? t("browse.access." + node.attribute.access) : ""));
            } else {
                row.append($("<code>").text(object.obis), $("<span class='dlms-browser-text'>").text(object.description).attr("title", object.description),
                    $("<span class='dlms-browser-class'>").text(object.title + " (" + object.classId + ")"));
            }
            $("<span class='dlms-browser-value'>").appendTo(row);
        }

        function childrenOf(node) {
            if (!node.object) return node.children;
            return node.object.attributes.map(function (attribute) {
                return { key: node.key + "/" + attribute.id, object: node.object, attribute: attribute };
            });
        }
        function icon(li) {
            const shown = li.attr("aria-expanded");
            li.find("> .dlms-browser-row > i").toggleClass("fa-caret-down", shown === "true").toggleClass("fa-caret-right", shown === "false");
        }
        function expand(li, wanted, all) {
            const node = li.data("node");
            if (node.attribute || (li.attr("aria-expanded") === "true") === wanted) return;
            li.attr("aria-expanded", String(wanted));
            opened[node.key] = wanted;
            icon(li);
            li.children("ul").remove();
            if (!wanted) return;
            const level = Number(li.attr("aria-level")) + 1;
            const list = $("<ul role='group'>").appendTo(li);
            childrenOf(node).forEach(function (child) { item(child, level, all).appendTo(list); });
        }
        function mark(li) {
            const node = li.data("node");
            if (node.object) li.attr("aria-selected", String(Boolean(chosen[keyOf(node)])));
            const value = values[keyOf(node)];
            if (value) li.find("> .dlms-browser-row > .dlms-browser-value").text(value.text).toggleClass("dlms-browser-error", value.failed);
            return li;
        }
        function attributeIdOf(node) { return node.attribute ? node.attribute.id : node.object.attributeId; }
        function keyOf(node) { return node.object ? node.object.classId + "@" + node.object.logicalName + "/" + attributeIdOf(node) : node.key; }
        function choiceOf(node) {
            return {
                object: node.object, logicalName: node.object.obis, objectType: node.object.objectType,
                attributeId: String(attributeIdOf(node)), description: node.object.description
            };
        }

        // What the attribute holds now, beside it. One at a time; of single choices only the newest is wanted.
        let reading;
        let wishes = [];
        // A search may draw the tree anew before the answer comes: the rows are looked for again.
        function markAll(key) {
            tree.find("[role=treeitem]").each(function () {
                const li = $(this);
                if (keyOf(li.data("node")) !== key) return;
                if (!values[key]) li.find("> .dlms-browser-row > .dlms-browser-value").text("");
                mark(li);
            });
        }
        function readValue(node) {
            const key = keyOf(node);
            const attributeId = node.attribute ? node.attribute.id : node.object.shownAttributeId;
            const long = node.object.classId === 7 && attributeId === 2;
            if (attributeId === null || long) return;
            values[key] = { text: "…", failed: false };
            markAll(key);
            if (reading && options.multiple()) return wishes.push(node);
            if (reading) reading.abort();
            const request = reading = ask(options.meterId(), "read", { classId: node.object.classId, logicalName: node.object.logicalName, attributeId: attributeId });
            request.done(function (answer) {
                const entries = node.object.classId === 7 && !node.attribute;
                values[key] = { failed: false, text: entries ? t("browse.entries", { count: answer.text })
                    : answer.text + (answer.unit ? " " + answer.unit : "") + (answer.valueName ? " (" + answer.valueName + ")" : "") };
            }).fail(function (xhr) {
                values[key] = xhr.statusText === "abort" ? undefined : { failed: true, text: sentenceOf(xhr, t) };
            }).always(function () {
                markAll(key);
                if (reading !== request) return;
                reading = undefined;
                const next = wishes.shift();
                if (next) readValue(next);
            });
        }

        function showAdd() {
            const count = Object.keys(chosen).length;
            add.text(t("browse.add", { count: count })).prop("disabled", count === 0);
        }
        function choose(li) {
            const node = li.data("node");
            if (!node.object) return expand(li, li.attr("aria-expanded") !== "true");
            const key = keyOf(node);
            if (options.multiple()) {
                if (chosen[key]) delete chosen[key];
                else chosen[key] = choiceOf(node);
                showAdd();
            } else {
                chosen = {};
                chosen[key] = choiceOf(node);
                tree.find("[aria-selected=true]").attr("aria-selected", "false");
                options.onPick(choiceOf(node));
            }
            mark(li);
            if (!options.multiple() || chosen[key]) readValue(node);
        }
        function focus(li) {
            if (!li.length) return;
            tree.find("[tabindex=0]").attr("tabindex", "-1");
            li.attr("tabindex", "0").trigger("focus");
        }

        tree.on("click", ".dlms-browser-row", function (event) {
            const li = $(this).parent();
            focus(li);
            const node = li.data("node");
            if (node.object && !node.attribute && $(event.target).is("i")) expand(li, li.attr("aria-expanded") !== "true");
            else choose(li);
        });
        tree.on("dblclick", ".dlms-browser-row", function () {
            if ($(this).parent().data("node").object && !options.multiple()) close();
        });
        tree.on("keydown", "[role=treeitem]", function (event) {
            const li = $(this);
            const shown = tree.find("[role=treeitem]:visible");
            const index = shown.index(li);
            const moves = {
                ArrowDown: function () { focus(shown.eq(index + 1)); },
                ArrowUp: function () { if (index > 0) focus(shown.eq(index - 1)); else search.trigger("focus"); },
                Home: function () { focus(shown.first()); },
                End: function () { focus(shown.last()); },
                ArrowRight: function () {
                    if (li.attr("aria-expanded") === "true") focus(li.find("> ul > li").first());
                    else expand(li, true);
                },
                ArrowLeft: function () {
                    if (li.attr("aria-expanded") === "true") expand(li, false);
                    else focus(li.parent().closest("[role=treeitem]"));
                },
                " ": function () { choose(li); },
                Enter: function () {
                    const leaf = Boolean(li.data("node").object);
                    choose(li);
                    if (leaf && !options.multiple()) close();
                }
            };
            if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            event.stopPropagation();
            moves[event.key]();
        });
        panel.on("keydown", function (event) {
            if (event.key !== "Escape") return;
            event.preventDefault();
            event.stopPropagation();
            if (search.val() !== "") { search.val(""); draw(); say(summary()); search.trigger("focus"); } else close();
        });
        let typing;
        function find() {
            clearTimeout(typing);
            typing = undefined;
            draw();
            if (search.val().trim() === "") say(summary());
        }
        search.on("input", function () {
            clearTimeout(typing);
            typing = setTimeout(find, 120);
        });
        search.on("keydown", function (event) {
            if (event.key === "Enter") event.preventDefault();
            if (event.key !== "ArrowDown") return;
            event.preventDefault();
            // a tree that is drawn later would lose the place
            if (typing !== undefined) find();
            focus(tree.find("[role=treeitem]:visible").first());
        });
        again.on("click", load);
        shut.on("click", close);
        // What was picked for the list and is not in it yet.
        function take() {
            if (!self.visible() || !options.multiple()) return;
            options.onAdd(Object.keys(chosen).map(function (key) { return chosen[key]; }));
            chosen = {};
        }
        add.on("click", function () {
            take();
            close();
        });
        return self;
    }

    root.DlmsObjectBrowser = {
        create: ObjectBrowser,
        ask: ask,
        language: language,
        sentenceOf: sentenceOf,
        browsed: function (meterId) { return browsed[placeOf(meterId)] || []; }
    };
})(window);
