// The range and the columns of a dlms-read node that reads a profile.
/* global window, $, DlmsObjectBrowser, dlmsReadChecks, dlmsReadCodes */
(function (root) {
    "use strict";

    function t(key, values) { return dlmsReadChecks.t(key, values); }

    let unset = false;
    function prepareRange(node) {
        const kinds = $("#node-input-rangeKind");
        const range = dlmsReadChecks.rangeOf(node);
        $("#dlms-read-last").val(range.last > 0 ? range.last : 96);
        $("#dlms-read-from").val(range.from || "");
        $("#dlms-read-to").val(range.to || "");
        $("#dlms-read-first").val(range.entries ? range.entries[0] : 1);
        $("#dlms-read-final").val(range.entries ? range.entries[1] : 96);
        const moves = !dlmsReadChecks.fixed(node, "range") || dlmsReadChecks.isEnv(node.range);
        $("#node-input-range").typedInput({ types: dlmsReadCodes.dynamic, default: "msg", typeField: "#node-input-rangeType" });
        // where it is to come from instead, not the range as a text
        if (!moves) $("#node-input-range").typedInput("value", "range");
        $("#dlms-read-period").val(dlmsReadChecks.periods.indexOf(range.last) === -1 ? "day" : range.last);
        $("#dlms-read-from, #dlms-read-to").on("input change", function () {
            const problem = dlmsReadChecks.timesProblem($("#dlms-read-from").val().trim(), $("#dlms-read-to").val().trim());
            $("#dlms-read-times-note").toggleClass("dlms-bad", problem !== "").text(problem);
        });
        // All rows of a full profile take hours on a slow line, so that is for who asks for it.
        unset = node.mode !== "profile" && !moves && !Object.keys(range).length;
        if (unset) return kinds.val("period");
        kinds.val(moves ? "dynamic" : dlmsReadChecks.periods.indexOf(range.last) !== -1 ? "period" : range.last ? "last" : range.from ? "time" : range.entries ? "entries" : "all");
    }
    function showRange() {
        const chosen = $("#node-input-mode").val() === "profile" ? $("#node-input-rangeKind").val() : "";
        $("#dlms-read-dialog .dlms-range").each(function () { $(this).toggle($(this).attr("data-range") === chosen); });
    }
    function saveRange() {
        // of a node that reads no profile nothing was chosen
        const chosen = unset && $("#node-input-mode").val() !== "profile" ? "all" : $("#node-input-rangeKind").val();
        if (chosen === "dynamic") {
            // the first one offered was never chosen, so the field does not know of it
            $("#node-input-rangeType").val($("#node-input-range").typedInput("type"));
            return;
        }
        const range = chosen === "last" ? { last: Number($("#dlms-read-last").val()) }
            : chosen === "entries" ? { entries: [Number($("#dlms-read-first").val()), Number($("#dlms-read-final").val())] }
            : chosen === "period" ? { last: $("#dlms-read-period").val() }
            : chosen === "time" ? { from: $("#dlms-read-from").val().trim(), to: $("#dlms-read-to").val().trim() || undefined } : null;
        $("#node-input-rangeType").val("str");
        $("#node-input-range").typedInput("types", ["str"]);
        $("#node-input-range").typedInput("type", "str");
        $("#node-input-range").typedInput("value", range ? JSON.stringify(range) : "");
    }

    // The columns of the profile as boxes to tick, asked from the meter.
    function prepareColumns() {
        const field = $("#node-input-columns");
        const panel = $("#dlms-read-columns-panel");
        const button = $("#dlms-read-columns");
        field.typedInput({
            types: [{ value: "str", label: t("label.columns"), icon: "fa fa-columns" }].concat(dlmsReadCodes.dynamic),
            default: "str", typeField: "#node-input-columnsType"
        });
        // Boxes to tick are for columns that stand here.
        field.on("change", function () {
            const here = field.typedInput("type") === "str";
            button.toggle(here);
            if (!here) panel.hide();
        }).trigger("change");
        function chosen() { return field.typedInput("value").split(/[,;\s]+/).filter(Boolean); }
        button.on("click", function () {
            const id = $("#node-input-meter").val();
            panel.empty().show();
            if (!id || id === "_ADD_") return panel.addClass("dlms-bad").text(t("browse.noMeter"));
            panel.removeClass("dlms-bad").text(t("browse.loading"));
            DlmsObjectBrowser.ask(id, "columns", { logicalName: $("#node-input-logicalName").typedInput("value") }).done(function (answer) {
                panel.empty();
                answer.columns.forEach(function (column) {
                    const box = $("<input type='checkbox'>").val(column.key).prop("checked", chosen().indexOf(column.key) !== -1);
                    box.on("change", function () {
                        const others = chosen().filter(function (key) { return key !== column.key; });
                        field.typedInput("value", (box.prop("checked") ? others.concat(column.key) : others).join(", "));
                    });
                    $("<label class='dlms-box'>").append(box, $("<code>").text(column.key),
                        $("<span>").text(" " + column.label + (column.unit ? " [" + column.unit + "]" : ""))).appendTo(panel);
                });
            }).fail(function (xhr) { panel.addClass("dlms-bad").text(DlmsObjectBrowser.sentenceOf(xhr, t)); });
        });
    }

    function prepare(node) {
        prepareRange(node);
        $("#node-input-rangeKind").on("change", showRange);
        prepareColumns();
    }

    root.dlmsReadProfile = { prepare: prepare, showRange: showRange, save: saveRange };
})(window);
