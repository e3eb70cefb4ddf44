// The table of a dlms-read node that reads a list of values: rows, import and export.
/* global window, $, document, Blob, DlmsCsv, dlmsReadChecks, dlmsReadCodes */
(function (root) {
    "use strict";

    function t(key, values) { return dlmsReadChecks.t(key, values); }

    // Rows are moved by the mouse at their handles; with the keyboard, by Alt and an arrow in a field of theirs.
    function movesByKey(row) {
        row.find(".dlms-point-name, .dlms-point-obis").attr("aria-keyshortcuts", "Alt+ArrowUp Alt+ArrowDown").on("keydown", function (event) {
            const up = event.key === "ArrowUp";
            if (!event.altKey || event.ctrlKey || event.metaKey || !(up || event.key === "ArrowDown")) return;
            event.preventDefault();
            event.stopPropagation();
            const item = row.closest("li");
            const other = up ? item.prev("li") : item.next("li");
            if (up) item.insertBefore(other);
            else item.insertAfter(other);
            this.focus();
            checkSoon();
        });
    }

    // A list of what is known; its last choice makes it a field for anything else. Gives {element, val(), set(value)}.
    // optionsOf(value): what to choose from, that value included; normal(text): as it stands in the list; changed()
    function choice(css, label, optionsOf, normal, changed) {
        const other = "…";
        const select = $("<select>").addClass(css).attr("aria-label", label);
        const input = $("<input type='text'>").addClass("dlms-point-other " + css + "-other").attr("aria-label", label).hide();
        let now = "";
        let before;
        function set(value) {
            now = value;
            dlmsReadCodes.fillSelect(select, optionsOf(value).concat({ value: other, label: t("list.other") }), value);
        }
        function open() {
            before = now;
            set(now);
            select.hide();
            input.val(now).show().trigger("focus").trigger("select");
        }
        // the field disappears, and loses the focus by that: once is enough
        function close(value, stay) {
            if (before === undefined) return;
            const former = before;
            before = undefined;
            set(value);
            select.show();
            if (stay) select.trigger("focus");
            input.hide();
            if (value !== former) changed();
        }
        function typed() { return input.val().trim() === "" ? before : normal(input.val().trim()); }
        select.on("change", function () {
            if (select.val() === other) return open();
            now = select.val();
            changed();
        });
        input.on("input", function () { set(typed()); }).on("blur", function () { close(typed()); });
        input.on("keydown", function (event) {
            if (event.ctrlKey || event.metaKey || ["Enter", "Escape"].indexOf(event.key) === -1) return;
            event.preventDefault();
            event.stopPropagation();
            close(event.key === "Enter" ? typed() : before, true);
        });
        return { element: $("<div>").append(select, input), val: function () { return now; }, set: set };
    }

    const fields = {
        name: ".dlms-point-name", logicalName: ".dlms-point-obis",
        objectType: ".dlms-point-type, .dlms-point-type-other", attributeId: ".dlms-point-attribute, .dlms-point-attribute-other"
    };
    let rows = 0;
    // What is wrong stands below its row, and is what a screen reader says of the field.
    function show(row, problem) {
        const note = row.find(".dlms-row-problem");
        if (note.text() === (problem ? problem.reason : "") && !problem) return;
        row.find("input, select").removeClass("input-error").removeAttr("aria-invalid aria-describedby");
        if (problem) row.find(fields[problem.field]).addClass("input-error").attr({ "aria-invalid": "true", "aria-describedby": note.attr("id") });
        note.text(problem ? problem.reason : "");
    }
    function check() {
        const filled = items().filter(function () { return pointOf($(this)).logicalName !== ""; });
        const problems = dlmsReadChecks.pointProblems(filled.map(function () { return pointOf($(this)); }).get());
        items().not(filled).each(function () { show($(this)); });
        filled.each(function (index) { show($(this), problems[index]); });
    }
    let due;
    function checkSoon() {
        clearTimeout(due);
        due = setTimeout(function () { if ($("#node-input-points-container").length) check(); }, 0);
    }

    function preparePoints(node, data) {
        dlmsReadChecks.know(data.classes);
        const list = $("#node-input-points-container").css({ "min-height": "180px", "min-width": "440px" });
        const codes = $("#dlms-read-codes").empty();
        dlmsReadCodes.known(data).forEach(function (code) { $("<option>").val(code.obis).text(code.label).appendTo(codes); });
        list.editableList({
            sortable: true, removable: true, removeItem: checkSoon, sortItems: checkSoon, addButton: t("list.add"),
            header: $("<div class='dlms-row dlms-head'>").append(
                ["name", "obis", "objectType", "attributeId"].map(function (key) { return $("<span>").text(t("label." + key)); })),
            addItem: function (container, index, point) {
                const row = $("<div class='dlms-row'>").appendTo(container);
                const name = $("<input type='text' class='dlms-point-name'>").val(point.name || "").attr({ placeholder: t("list.auto"), "aria-label": t("label.name") });
                const obis = $("<input type='text' class='dlms-point-obis' list='dlms-read-codes'>").val(point.logicalName || "").attr({ placeholder: "1-0:1.8.0*255", "aria-label": t("label.obis") });
                let chosen;
                const attribute = choice("dlms-point-attribute", t("label.attributeId"),
                    function (value) { return dlmsReadCodes.attributeOptions(chosen, value); },
                    function (text) { return dlmsReadCodes.attributeIdOf(chosen, text); }, checkSoon);
                function follow() {
                    const row = dlmsReadCodes.findClass(data.classes, type.val());
                    if (row === chosen) return;
                    chosen = row;
                    attribute.set("2");
                    checkSoon();
                }
                function typeName(value) {
                    const row = dlmsReadCodes.findClass(data.classes, value);
                    return row ? row.name : String(value);
                }
                const type = choice("dlms-point-type", t("label.objectType"),
                    function (value) { return dlmsReadCodes.classOptions(data.classes, value); }, typeName, follow);
                type.set(typeName(dlmsReadChecks.empty(point.objectType) ? "REGISTER" : point.objectType));
                chosen = dlmsReadCodes.findClass(data.classes, type.val());
                attribute.set(dlmsReadCodes.attributeIdOf(chosen, dlmsReadChecks.empty(point.attributeId) ? "2" : point.attributeId));
                const note = $("<div class='dlms-row-problem dlms-bad' role='status'>").attr("id", "dlms-row-problem-" + ++rows);
                // a long name is cut in its field
                function whole() { name.attr("title", name.val() || name.attr("placeholder")); }
                name.on("input change", whole);
                whole();
                row.append(name, obis, type.element, attribute.element).after(note);
                movesByKey(row);
                row.on("change", "input, select", checkSoon).on("input", "input", function () {
                    // what is said of a row goes when it is put right; nothing is said of what is half typed
                    if ($(".dlms-row-problem:not(:empty)").length) checkSoon();
                });
                obis.on("change", function () {
                    const code = dlmsReadCodes.known(data).find(function (one) { return one.obis === obis.val(); });
                    if (!code) return;
                    if (name.val() === "") name.attr("placeholder", code.label);
                    whole();
                    type.set(typeName(code.objectType));
                    follow();
                });
                checkSoon();
            }
        });
        (Array.isArray(node.points) ? node.points : []).forEach(function (point) { list.editableList("addItem", point); });
    }

    function items() { return $("#node-input-points-container").editableList("items"); }
    function pointOf(row) {
        const point = {
            logicalName: row.find(".dlms-point-obis").val().trim(),
            objectType: row.find(".dlms-point-type").val(), attributeId: row.find(".dlms-point-attribute").val()
        };
        const name = row.find(".dlms-point-name").val().trim();
        if (name !== "") point.name = name;
        return point;
    }
    function points() {
        return items().map(function () { return pointOf($(this)); }).get().filter(function (point) { return point.logicalName !== ""; });
    }

    function first(obis) {
        function plain(name) {
            const input = $("#node-input-" + name);
            return ["str", "num"].indexOf(input.typedInput("type")) === -1 ? "" : input.typedInput("value");
        }
        const list = $("#node-input-points-container");
        list.editableList("empty");
        list.editableList("addItem", { logicalName: obis, objectType: plain("objectType"), attributeId: plain("attributeId") });
    }

    function pointNames() {
        return $(".dlms-point-name").map(function () { return $(this).val().trim(); }).get();
    }
    // A name that says what it is and is not there yet.
    function freeName(text) {
        const names = pointNames();
        let name = text;
        for (let n = 2; names.indexOf(name) !== -1; n++) name = text + " " + n;
        return name;
    }

    function prepareCsv() {
        const note = $("#dlms-read-csv-note");
        $("#dlms-read-csv-export").on("click", function () {
            const link = document.createElement("a");
            link.href = URL.createObjectURL(new Blob([DlmsCsv.write(points())], { type: "text/csv" }));
            link.download = "dlms-points.csv";
            link.click();
            URL.revokeObjectURL(link.href);
        });
        $("#dlms-read-csv-import").on("click", function () { $("#dlms-read-csv-file").trigger("click"); });
        $("#dlms-read-csv-file").on("change", function () {
            const file = this.files[0];
            const input = $(this);
            if (!file) return;
            file.text().then(function (text) {
                const result = DlmsCsv.read(text, function (obis) { return dlmsReadChecks.isObis(obis) || dlmsReadChecks.isEnv(obis); }, function (point) {
                    const problem = dlmsReadChecks.pointProblem(point);
                    return problem && problem.reason;
                });
                result.points.forEach(function (point) { $("#node-input-points-container").editableList("addItem", point); });
                const problems = result.errors.slice(0, 5).map(function (error) {
                    return t("error.row", { row: error.row, reason: error.reason || t("csv." + error.key) });
                });
                note.toggleClass("dlms-bad", problems.length > 0)
                    .text([t("csv.imported", { count: result.points.length })].concat(problems).join("\n"));
            }).catch(function (error) { note.addClass("dlms-bad").text(String(error)); }).finally(function () { input.val(""); });
        });
    }

    root.dlmsReadList = { prepare: preparePoints, prepareCsv: prepareCsv, points: points, first: first, freeName: freeName };
})(window);
