// The dlms-meter dialog: which fields are shown, the address as it goes on the line, ports, and kinds of meters.
/* global window, $, RED, dlmsMeterChecks, dlmsMeterLive */
(function (root) {
    "use strict";

    function t(key, values) { return RED._("node-red-contrib-dlms/dlms-meter:dlms-meter." + key, values); }
    function field(name) { return $("#node-config-input-" + name); }

    // The address field as it will stand in the frame: 7 bits a byte, the last byte has its lowest bit set.
    function addressBytes(logical, physical, size) {
        const has = physical !== null;
        const width = size !== "AUTO" ? Number(size) : !has && logical < 128 ? 1 : logical < 128 && (!has || physical < 128) ? 2 : 4;
        const second = has ? physical : 0;
        const limit = width === 4 ? 16383 : 127;
        if (logical > limit || second > limit) return t("preview.tooLarge", { size: width, max: limit });
        if (width === 1 && has) return t("preview.noRoom");
        const half = width / 2;
        function part(number, last) {
            const bytes = half === 2 ? [(number >> 7) << 1, (number & 127) << 1] : [(number & 127) << 1];
            if (last) bytes[bytes.length - 1] |= 1;
            return bytes;
        }
        const bytes = width === 1 ? part(logical, true) : part(logical, false).concat(part(second, true));
        return bytes.map(function (byte) { return byte.toString(16).toUpperCase().padStart(2, "0"); }).join(" ");
    }
    function preview() {
        const logical = field("serverAddress").val();
        const physical = field("physicalAddress").val();
        const text = $("#dlms-meter-preview");
        if (dlmsMeterChecks.isEnv(logical) || dlmsMeterChecks.isEnv(physical)) return text.text(t("preview.env"));
        if (!/^\d+$/.test(logical) || !/^\d*$/.test(physical)) return text.text("–");
        text.text(addressBytes(Number(logical), physical === "" ? null : Number(physical), field("addressSize").val()));
    }

    // Only what these settings need is shown.
    const deciding = ["transportType", "framing", "authentication", "securityPolicy", "ciphering", "signMessages", "invocationCounterSource", "tlsUnverified"];
    function follow() {
        const now = {};
        deciding.forEach(function (name) { now[name] = field(name).val(); });
        const serial = dlmsMeterChecks.overSerial(now);
        const authentication = now.authentication;
        const keys = now.securityPolicy !== "NONE" || authentication === "HIGH_GMAC";
        const signed = keys && field("signMessages").prop("checked");
        const onePass = keys && now.ciphering === "ONE_PASS";
        const shown = {
            network: !serial,
            serial: serial,
            hdlc: dlmsMeterChecks.overHdlc(now),
            tls: now.transportType === "TLS",
            unverified: now.transportType === "TLS" && field("tlsUnverified").prop("checked"),
            "mode-e": now.framing === "HDLC_MODE_E",
            "serial-wrapper": serial && now.framing === "WRAPPER",
            password: ["NONE", "HIGH_GMAC", "HIGH_ECDSA"].indexOf(authentication) === -1,
            ecdsa: authentication === "HIGH_ECDSA" || signed || onePass,
            agreement: onePass || (keys && now.ciphering === "STATIC_UNIFIED"),
            wrapped: keys && now.ciphering === "WRAPPED_KEY",
            keys: keys,
            "encrypted-only": now.securityPolicy === "ENCRYPTED",
            title: keys || authentication === "HIGH_SHA256" || authentication === "HIGH_ECDSA",
            counter: now.invocationCounterSource === "METER"
        };
        Object.keys(shown).forEach(function (name) { $("#dlms-meter-dialog .dlms-" + name).toggle(shown[name]); });
        field("framing").find("option[value='']").text(t("framing.auto", { framing: serial ? "HDLC" : "WRAPPER" }));
        preview();
    }

    function checkSecrets(node) {
        const problems = {};
        dlmsMeterChecks.secrets.forEach(function (name) {
            problems[name] = dlmsMeterChecks.secretProblem(node, name, field(name).val());
            field(name).toggleClass("input-error", problems[name] !== "");
        });
        $("#dlms-meter-key-length").text(dlmsMeterChecks.symmetricKeys.map(function (name) { return problems[name]; }).filter(Boolean).join("; "));
        $("#dlms-meter-password-problem").text(problems.password);
        field("secretSizes").val(dlmsMeterChecks.sizes(node));
    }

    // A path to be taken by a click, also by those who see no list below a field that is filled.
    function portButton(port) {
        return $("<button type='button' class='red-ui-button red-ui-button-small'>").text(port.path).attr("title", port.label || port.path)
            .on("click", function () { field("serialPort").val(port.path).trigger("change").trigger("focus"); });
    }
    function findPorts() {
        const list = $("#dlms-meter-ports").empty();
        const note = $("#dlms-meter-ports-note").text(t("ports.searching"));
        $.getJSON("dlms/serial-ports").done(function (ports) {
            ports.forEach(function (port) {
                $("<option>").attr("value", port.path).text(port.label || port.path).appendTo(list);
            });
            if (ports.length === 0) return note.text(t("ports.none"));
            note.empty().append(ports.map(portButton));
            // what somebody typed stays
            const untouched = ["", usualPort].indexOf(field("serialPort").val().trim()) !== -1;
            if (ports.length === 1 && untouched) field("serialPort").val(ports[0].path).trigger("change");
        }).fail(function () { note.text(t("ports.failed")); });
    }

    // What a preset fills in is taken back by the next one, unless it was changed since.
    function usePresets(presets) {
        const select = $("#dlms-meter-preset");
        let filled = {};
        let before = {};
        presets.forEach(function (preset) {
            $("<option>").val(preset.id).text(t("preset." + preset.id)).attr("title", preset.source).appendTo(select);
        });
        select.on("change", function () {
            const preset = presets.find(function (one) { return one.id === select.val(); });
            $("#dlms-meter-preset-source").text(preset ? t("preset.source", { source: preset.source }) : "");
            Object.keys(filled).forEach(function (name) {
                if (field(name).val() === filled[name]) field(name).val(before[name]).trigger("change");
            });
            filled = preset ? preset.values : {};
            before = {};
            Object.keys(filled).forEach(function (name) {
                before[name] = field(name).val();
                field(name).val(filled[name]).trigger("change");
            });
        });
    }

    function fold() {
        const open = $(this).attr("aria-expanded") !== "true";
        $(this).attr("aria-expanded", String(open)).find("i").attr("class", open ? "fa fa-caret-down" : "fa fa-caret-right");
        $($(this).attr("data-section")).toggle(open);
    }

    let opened;
    let usualPort = "";
    function prepare(node) {
        const dialog = $("#dlms-meter-dialog");
        dlmsMeterChecks.edit(node.id);
        // What a flow leaves out has its default, and is shown so.
        Object.keys(node._def.defaults).forEach(function (name) {
            const usual = node._def.defaults[name].value;
            if (node[name] === undefined && typeof usual === "string" && usual !== "") field(name).val(usual);
        });
        function on(names, events, handler) {
            names.forEach(function (name) { field(name).on(events, handler); });
        }
        on(deciding, "change", follow);
        on(["serverAddress", "physicalAddress", "addressSize"], "input change", preview);
        on(dlmsMeterChecks.secrets.concat(["keyFormat", "passwordFormat", "securitySuite", "ciphering", "securityPolicy", "authentication", "signMessages"]),
            "input change", function () { checkSecrets(node); });
        usualPort = node._def.defaults.serialPort.value;
        $("#dlms-meter-find-ports").on("click", findPorts);
        dialog.find(".dlms-fold").on("click", fold);
        $.getJSON("dlms/presets").done(usePresets).fail(function () { $("#dlms-meter-preset").closest(".form-row").hide(); });
        follow();
        const test = dlmsMeterLive.connectionTest(node, field);
        const search = dlmsMeterLive.addressSearch(node, field);
        dialog.on("input change", "[id^='node-config-input-']:not(#node-config-input-name)", test.forget);
        on(["transportType", "host", "port", "serialPort", "baudRate", "framing", "modeEAddress", "modeEStartBaud"], "input change", search.forget);
        opened = { test: test, search: search };
    }
    function close() {
        if (!opened) return;
        opened.test.stop();
        opened.search.stop();
        opened = undefined;
    }

    root.dlmsMeterDialog = { prepare: prepare, close: close };
})(window);
