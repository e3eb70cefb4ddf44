/*
 * dlmsProblem(RED, error): what an error of this package means and what to try, in the language of the editor.
 * error: {code, message, details?}, as the endpoints send it. Gives {text, advice, detail}; detail is the technical
 * sentence in English, with addresses and numbers.
 * dlmsProblem.show(RED, error, advice?): the same as an element; advice: sentences instead of the general one.
 */
/* global window, $ */
(function (root) {
    "use strict";

    const catalogue = "node-red-contrib-dlms/dlms-meter:dlms-meter.";
    // Settings whose option of the library has another name.
    const settings = {
        "transport.kind": "transportType", "transport.path": "serialPort", "transport.ca": "tlsCa",
        "transport.serverName": "tlsServerName", "transport.verify": "tlsUnverified",
        "transport.certificate": "tlsCertificate", "transport.key": "tlsKey",
        "link.kind": "framing", "link.deviceAddress": "modeEAddress", "link.startBaud": "modeEStartBaud",
        "link.maxInfo": "hdlcMaxInfo", "link.window": "hdlcWindow", "link.keepAlive": "hdlcKeepAlive",
        "link.discFirst": "hdlcDiscFirst",
        "client.sap": "clientAddress", "server.logical": "serverAddress", "server.physical": "physicalAddress",
        "server.systemTitle": "meterSystemTitle", "auth.mechanism": "authentication", "auth.secret": "password",
        "security.suite": "securitySuite", "security.policy": "securityPolicy", "security.dedicatedKey": "useDedicatedKey",
        "security.generalCiphering.key": "ciphering", "security.generalSigning": "signMessages",
        "security.maxCounterJump": "invocationCounterMaxJump", "security.counterSource": "invocationCounterSource",
        "security.counterSource.logicalName": "invocationCounterObis", "security.counterSource.client": "invocationCounterClient",
        "security.counterSource.pauseMs": "invocationCounterPause", "security.counterSource.reconnect": "invocationCounterReconnect",
        "timeouts.response": "timeout", "timeouts.idle": "idleTimeout", "quirks.reversedDeviation": "deviationSign"
    };

    // Settings of a form that has a sentence of its own.
    const forms = { systemTitle: "error.title", meterSystemTitle: "error.title", invocationCounterObis: "error.obis" };

    function translator(RED) {
        return function (key, values) {
            const text = RED._(catalogue + key, values);
            // a missing key comes back as it was asked for
            return text === catalogue + key || text === "dlms-meter." + key ? undefined : text;
        };
    }

    // Which setting is wrong, and the rule that it breaks; undefined where the error does not tell.
    function settingProblem(t, missing, details) {
        const path = details.property || details.setting;
        if (typeof path !== "string") return undefined;
        const property = settings[path] || path.split(".").pop();
        const label = t("label." + property);
        if (label === undefined) return undefined;
        function rule() {
            if (details.otherAddress) return t("error.secretElsewhere");
            if (details.undeployed) return t("error.variableUndeployed", { variable: details.variable });
            if (details.variable) return t("error.variable", { variable: details.variable });
            if (details.max !== undefined) return t("error.whole", { min: details.min, max: details.max });
            if (details.choices) return t("error.choices", { choices: details.choices });
            if (missing) return t("error.needed");
            if (details.got !== undefined) return t("error.bytes", { got: details.got, expected: details.expected });
            return t(forms[property] || "error.wrong");
        }
        return t("error.setting", { label: label, rule: rule() });
    }

    function dlmsProblem(RED, error) {
        const t = translator(RED);
        const details = error.details || {};
        const name = String(error.code || "").replace(/^DLMS_/, "");
        const known = t("problem." + name + ".text") !== undefined ? name : "OTHER";
        const setting = /^CONFIG_/.test(name) ? settingProblem(t, name === "CONFIG_MISSING", details) : undefined;
        return {
            text: setting || t("problem." + known + ".text"),
            // which rule a setting breaks says what to do as well
            advice: setting ? "" : t("problem." + known + ".advice"),
            detail: String(error.message || "")
        };
    }

    dlmsProblem.show = function (RED, error, advice) {
        const problem = dlmsProblem(RED, error);
        const all = $("<div class='dlms-problem'>");
        $("<div class='dlms-problem-text'>").text(problem.text).appendTo(all);
        const list = $("<ul class='dlms-problem-advice'>").appendTo(all);
        (advice || [problem.advice]).filter(Boolean).forEach(function (one) { $("<li>").text(one).appendTo(list); });
        $("<div class='dlms-problem-detail' lang='en'>").text(problem.detail).appendTo(all);
        return all;
    };

    root.dlmsProblem = dlmsProblem;
})(window);
