// The class table and the codes that the dlms-read dialog offers, and what a code means.
/* global window, $, DlmsObjectBrowser, dlmsReadChecks */
(function (root) {
    "use strict";

    function t(key, values) { return dlmsReadChecks.t(key, values); }
    let table;
    // The class table of the stack; without it the lists hold only what is already chosen, and numbers.
    function loadTable() {
        table = table || $.getJSON("dlms/classes", { language: DlmsObjectBrowser.language() }).then(null, function () {
            table = undefined;
            return $.Deferred().resolve({ classes: [], codes: [] });
        });
        return table;
    }
    // The scripts may be loaded in any order.
    function findClass(classes, value) { return dlmsReadChecks.findClass(classes, value); }
    function classOptions(classes, value) {
        const options = classes.map(function (row) { return { value: row.name, label: row.title + " (" + row.id + ")" }; });
        if (!dlmsReadChecks.empty(value) && !findClass(classes, value)) options.push({ value: String(value), label: String(value) });
        return options;
    }
    function attributeOptions(row, value) {
        const options = (row ? row.attributes : []).map(function (attribute) {
            return { value: String(attribute.id), label: attribute.id + "  " + attribute.name };
        });
        if (!dlmsReadChecks.empty(value) && !options.some(function (option) { return option.value === String(value); })) {
            options.push({ value: String(value), label: String(value) });
        }
        return options;
    }
    function attributeIdOf(row, value) {
        const name = dlmsReadChecks.plainName(value);
        const found = row && row.attributes.find(function (attribute) { return dlmsReadChecks.plainName(attribute.name) === name; });
        return found ? String(found.id) : String(value);
    }
    function fillSelect(select, options, value) {
        select.empty();
        options.forEach(function (option) { $("<option>").val(option.value).text(option.label).appendTo(select); });
        select.val(value);
    }

    // Codes to offer: what this meter was found to have, then what many meters have.
    function knownCodes(data) {
        const found = DlmsObjectBrowser.browsed($("#node-input-meter").val()).map(function (object) {
            return { obis: object.obis, label: object.description, objectType: object.objectType };
        });
        return found.concat(data.codes.filter(function (code) {
            return !found.some(function (one) { return one.obis === code.obis; });
        }));
    }
    let describing;
    // What a code means, in words, while it is typed.
    function describe(type, value) {
        const note = $("#dlms-read-obis-label");
        clearTimeout(describing);
        if (type !== "str" || dlmsReadChecks.empty(value) || dlmsReadChecks.isEnv(value)) return note.removeClass("dlms-bad").text("");
        if (!dlmsReadChecks.isObis(value)) return note.addClass("dlms-bad").text(t("error.obis"));
        describing = setTimeout(function () {
            $.getJSON("dlms/describe", { obis: value, language: DlmsObjectBrowser.language() }).done(function (answer) {
                if ($("#node-input-logicalName").typedInput("value") === value) note.removeClass("dlms-bad").text(answer.description);
            });
        }, 150);
    }

    root.dlmsReadCodes = {
        load: loadTable, findClass: findClass, classOptions: classOptions, attributeOptions: attributeOptions, attributeIdOf: attributeIdOf,
        fillSelect: fillSelect, known: knownCodes, describe: describe,
        // where a value may come from, besides the dialog
        dynamic: ["msg", "flow", "global", "env", "jsonata"]
    };
})(window);
