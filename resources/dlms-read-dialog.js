// The dlms-read dialog: the object that is read, the browser, and what is shown in which mode.
/* global window, $, document, DlmsObjectBrowser, dlmsReadChecks, dlmsReadCodes, dlmsReadList, dlmsReadProfile */
(function (root) {
    "use strict";

    function t(key, values) { return dlmsReadChecks.t(key, values); }

    function prepareAttribute(node, data) {
        $("#node-input-logicalName").typedInput({
            types: [{
                value: "str", label: t("label.obis"), icon: "fa fa-barcode",
                autoComplete: function (text) {
                    const wanted = text.toLowerCase();
                    return dlmsReadCodes.known(data).filter(function (code) {
                        return (code.obis + " " + code.label).toLowerCase().indexOf(wanted) !== -1;
                    }).slice(0, 30).map(function (code) {
                        return { value: code.obis, label: $("<div>").append(
                            $("<code>").text(code.obis), $("<span>").css("margin-left", "10px").text(code.label)) };
                    });
                }
            }].concat(dlmsReadCodes.dynamic),
            default: "str", typeField: "#node-input-logicalNameType"
        });
        const known = dlmsReadCodes.findClass(data.classes, node.objectType);
        if (known && dlmsReadChecks.fixed(node, "objectType")) {
            $("#node-input-objectType").val(known.name);
            $("#node-input-objectTypeType").val("str");
        }
        $("#node-input-objectType").typedInput({
            types: [{ value: "str", label: t("label.objectType"), icon: "fa fa-cube", options: dlmsReadCodes.classOptions(data.classes, dlmsReadChecks.fixed(node, "objectType") ? node.objectType : "") }, "num"].concat(dlmsReadCodes.dynamic),
            default: "str", typeField: "#node-input-objectTypeType"
        });
        function attributeTypes(row, value) {
            return [{ value: "str", label: t("label.attributeId"), icon: "fa fa-list-ol", options: dlmsReadCodes.attributeOptions(row, value) }, "num"].concat(dlmsReadCodes.dynamic);
        }
        if (dlmsReadChecks.fixed(node, "attributeId")) {
            $("#node-input-attributeId").val(dlmsReadCodes.attributeIdOf(known, dlmsReadChecks.empty(node.attributeId) ? "2" : node.attributeId));
            if (known) $("#node-input-attributeIdType").val("str");
        }
        $("#node-input-attributeId").typedInput({
            types: attributeTypes(known, dlmsReadChecks.fixed(node, "attributeId") ? $("#node-input-attributeId").val() : ""),
            default: "str", typeField: "#node-input-attributeIdType"
        });
        // A class that the list does not have is a number.
        chooseType = function (objectType) {
            const row = dlmsReadCodes.findClass(data.classes, objectType);
            $("#node-input-objectType").typedInput("type", row ? "str" : "num");
            $("#node-input-objectType").typedInput("value", row ? row.name : objectType);
        };
        let shown = known;
        $("#node-input-objectType").on("change", function () {
            const input = $("#node-input-objectType");
            const row = ["str", "num"].indexOf(input.typedInput("type")) === -1 ? undefined : dlmsReadCodes.findClass(data.classes, input.typedInput("value"));
            if (row === shown) return;
            shown = row;
            const attribute = $("#node-input-attributeId");
            const type = attribute.typedInput("type");
            const value = attribute.typedInput("value");
            const keeps = row && row.attributes.some(function (one) { return String(one.id) === String(value); });
            attribute.typedInput("types", attributeTypes(row, row ? "" : type === "str" ? value : ""));
            attribute.typedInput("type", type);
            attribute.typedInput("value", type !== "str" || keeps || !row ? value : "2");
        });
        // A code from the list brings its class along.
        $("#node-input-logicalName").on("change", function (event, type, value) {
            const code = dlmsReadCodes.known(data).find(function (one) { return one.obis === value; });
            if (code && $("#node-input-mode").val() === "attribute" && $("#node-input-objectType").typedInput("type") === "str") {
                chooseType(code.objectType);
            }
            dlmsReadCodes.describe(type, value);
        }).trigger("change", [$("#node-input-logicalName").typedInput("type"), $("#node-input-logicalName").typedInput("value")]);
    }

    let chooseType = function () {};

    const usualProfile = "1-0:99.1.0*255";
    // Nobody's profile: a class that is known, or a measured quantity (of medium 1 and up, profiles have C 98 and 99).
    function noProfile(data, value) {
        const code = dlmsReadCodes.known(data).find(function (one) { return one.obis === value; });
        if (code) return String(code.objectType) !== "PROFILE_GENERIC";
        const groups = /^(\d+)-\d+:(\d+)\./.exec(value);
        return dlmsReadChecks.empty(value) || (groups !== null && Number(groups[1]) > 0 && Number(groups[2]) < 98);
    }
    // What stands in the dialog goes along to another mode, where it fits.
    function carryOver(data, before) {
        const mode = $("#node-input-mode");
        const obis = $("#node-input-logicalName");
        let former;
        function change() {
            const now = mode.val();
            if (now === before) return;
            if (before === "profile" && former !== undefined) {
                if (obis.typedInput("type") === "str" && obis.typedInput("value") === usualProfile) restore(former);
                former = undefined;
            }
            const value = String(obis.typedInput("value")).trim();
            if (obis.typedInput("type") === "str") {
                if (now === "profile" && noProfile(data, value)) {
                    former = ["logicalName", "objectType", "attributeId"].map(function (name) {
                        const input = $("#node-input-" + name);
                        return { input: input, type: input.typedInput("type"), value: input.typedInput("value") };
                    });
                    obis.typedInput("value", usualProfile);
                }
                if (before === "attribute" && now === "list" && (dlmsReadChecks.isObis(value) || dlmsReadChecks.isEnv(value)) && !dlmsReadList.points().length) dlmsReadList.first(value);
            }
            before = now;
        }
        mode.on("change", change);
        change();
    }
    // In this order: a code brings its class along, and a class its attributes.
    function restore(fields) {
        fields.forEach(function (field) {
            field.input.typedInput("type", field.type);
            field.input.typedInput("value", field.value);
        });
    }

    function chooseAttribute(choice) {
        $("#node-input-logicalName").typedInput("type", "str");
        $("#node-input-logicalName").typedInput("value", choice.logicalName);
        if ($("#node-input-mode").val() !== "attribute") return;
        chooseType(choice.objectType);
        $("#node-input-attributeId").typedInput("type", "str");
        $("#node-input-attributeId").typedInput("value", choice.attributeId);
    }

    let browser;
    function prepareBrowser() {
        const button = $("#dlms-read-browse");
        browser = DlmsObjectBrowser.create($("#dlms-read-browser"), {
            t: t,
            meterId: function () {
                const id = $("#node-input-meter").val();
                return id && id !== "_ADD_" ? id : "";
            },
            multiple: function () { return $("#node-input-mode").val() === "list"; },
            accepts: function (object) { return $("#node-input-mode").val() !== "profile" || object.classId === 7; },
            onPick: chooseAttribute,
            onAdd: function (choices) {
                choices.forEach(function (choice) {
                    $("#node-input-points-container").editableList("addItem", {
                        name: dlmsReadList.freeName(choice.description), logicalName: choice.logicalName,
                        objectType: choice.objectType, attributeId: choice.attributeId
                    });
                });
            },
            onClose: function () { button.attr("aria-expanded", "false").trigger("focus"); }
        });
        button.on("click", function () {
            if (browser.visible()) return browser.close();
            button.attr("aria-expanded", "true");
            browser.open();
        });
        // The tree is that of one meter and mode. The keyboard stays where the change was made.
        $("#node-input-mode, #node-input-meter").on("change", function () {
            if (!browser.visible()) return;
            const here = document.activeElement;
            browser.close();
            if (here === this) here.focus();
        });
    }

    const usual = { mode: "attribute", dates: "iso", interval: "0", spread: "0", giveUpAfter: "" };
    function prepare(node) {
        dlmsReadChecks.edit(node.id);
        const mode = $("#node-input-mode");
        function follow() {
            $("#dlms-read-dialog [data-modes]").each(function () {
                $(this).toggle($(this).attr("data-modes").split(" ").indexOf(mode.val()) !== -1);
            });
            dlmsReadProfile.showRange();
        }
        mode.on("change", follow);
        // flows from before these settings, or written by hand
        Object.keys(usual).forEach(function (name) {
            if (dlmsReadChecks.empty(node[name])) $("#node-input-" + name).val(usual[name]);
        });
        const opened = mode.val();
        prepareBrowser();
        dlmsReadList.prepareCsv();
        dlmsReadProfile.prepare(node);
        dlmsReadCodes.load().then(function (data) {
            if (!$("#dlms-read-dialog").length) return;
            prepareAttribute(node, data);
            dlmsReadList.prepare(node, data);
            carryOver(data, opened);
            follow();
        });
        follow();
    }
    function save(node) {
        // what was saved here is of this version, also when it came with an older flow
        node.version = 3;
        // who picked values and pressed Done wants them
        browser.take();
        node.points = dlmsReadList.points();
        dlmsReadProfile.save();
    }

    root.dlmsReadDialog = { prepare: prepare, save: save };
})(window);
