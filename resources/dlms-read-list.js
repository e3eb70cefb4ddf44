// The table of a dlms-read node that reads a list of values: rows, import and export.
/* global window, $, document, Blob, DlmsCsv, dlmsReadChecks, dlmsReadCodes */
(function (root) {
    "use strict";

    function t(key, values) { return dlmsReadChecks.t(key, values); }

    // Rows are moved by the mouse at their handles; with the keyboard, by Alt and an arrow in a field of theirs.
    function movesByKey(row) {
        row.find("input").attr("aria-keyshortcuts", "Alt+ArrowUp Alt+ArrowDown").on("keydown", function (event) {
            const up = event.key === "ArrowUp";
            if (!event.altKey || event.ctrlKey || event.metaKey || !(up || event.key === "ArrowDown")) return;
            event.preventDefault();
            event.stopPropagation();
            const item = row.closest("li");
            const other = up ? item.prev("li") : item.next("li");
            if (up) item.insertBefore(other);
            else item.insertAfter(other);
            this.focus();
        });
    }

    function preparePoints(node, data) {
        const list = $("#node-input-points-container").css({ "min-height": "180px", "min-width": "440px" });
        const codes = $("#dlms-read-codes").empty();
        dlmsReadCodes.known(data).forEach(function (code) { $("<option>").val(code.obis).text(code.label).appendTo(codes); });
        list.editableList({
            sortable: true, removable: true, addButton: t("list.add"),
            header: $("<div class='dlms-row dlms-head'>").append(
                ["name", "obis", "objectType", "attributeId"].map(function (key) { return $("<span>").text(t("label." + key)); })),
            addItem: function (container, index, point) {
                const row = $("<div class='dlms-row'>").appendTo(container);
                const name = $("<input type='text' class='dlms-point-name'>").val(point.name || "").attr({ placeholder: t("list.auto"), "aria-label": t("label.name") });
                const obis = $("<input type='text' class='dlms-point-obis' list='dlms-read-codes'>").val(point.logicalName || "").attr({ placeholder: "1-0:1.8.0*255", "aria-label": t("label.obis") });
                const type = $("<select class='dlms-point-type'>").attr("aria-label", t("label.objectType"));
                const attribute = $("<select class='dlms-point-attribute'>").attr("aria-label", t("label.attributeId"));
                row.append(name, obis, type, attribute);
                movesByKey(row);
                let chosen = dlmsReadCodes.findClass(data.classes, dlmsReadChecks.empty(point.objectType) ? "REGISTER" : point.objectType);
                const typeValue = chosen ? chosen.name : dlmsReadChecks.empty(point.objectType) ? "REGISTER" : String(point.objectType);
                dlmsReadCodes.fillSelect(type, dlmsReadCodes.classOptions(data.classes, typeValue), typeValue);
                const attributeValue = dlmsReadCodes.attributeIdOf(chosen, dlmsReadChecks.empty(point.attributeId) ? "2" : point.attributeId);
                dlmsReadCodes.fillSelect(attribute, dlmsReadCodes.attributeOptions(chosen, attributeValue), attributeValue);
                type.on("change", function () {
                    chosen = dlmsReadCodes.findClass(data.classes, type.val());
                    dlmsReadCodes.fillSelect(attribute, dlmsReadCodes.attributeOptions(chosen, chosen ? "" : "2"), "2");
                });
                obis.on("change input", function () {
                    const bad = obis.val() !== "" && !dlmsReadChecks.isEnv(obis.val()) && !dlmsReadChecks.isObis(obis.val());
                    obis.toggleClass("input-error", bad).attr("title", bad ? t("error.obis") : "");
                });
                obis.on("change", function () {
                    const code = dlmsReadCodes.known(data).find(function (one) { return one.obis === obis.val(); });
                    if (!code) return;
                    if (name.val() === "") name.attr("placeholder", code.label);
                    type.val(code.objectType).trigger("change");
                }).trigger("input");
            }
        });
        (Array.isArray(node.points) ? node.points : []).forEach(function (point) { list.editableList("addItem", point); });
    }

    function points() {
        const points = [];
        $("#node-input-points-container").editableList("items").each(function () {
            const row = $(this);
            const obis = row.find(".dlms-point-obis").val().trim();
            if (obis === "") return;
            const point = { logicalName: obis, objectType: row.find(".dlms-point-type").val(), attributeId: row.find(".dlms-point-attribute").val() };
            const name = row.find(".dlms-point-name").val().trim();
            if (name !== "") point.name = name;
            points.push(point);
        });
        return points;
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
                const result = DlmsCsv.read(text, function (obis) { return dlmsReadChecks.isObis(obis) || dlmsReadChecks.isEnv(obis); });
                result.points.forEach(function (point) { $("#node-input-points-container").editableList("addItem", point); });
                const problems = result.errors.slice(0, 5).map(function (error) {
                    return t("error.row", { row: error.row, reason: t("csv." + error.key) });
                });
                note.toggleClass("dlms-bad", problems.length > 0)
                    .text([t("csv.imported", { count: result.points.length })].concat(problems).join(" "));
            }).catch(function (error) { note.addClass("dlms-bad").text(String(error)); }).finally(function () { input.val(""); });
        });
    }

    root.dlmsReadList = { prepare: preparePoints, prepareCsv: prepareCsv, points: points, first: first, freeName: freeName };
})(window);
