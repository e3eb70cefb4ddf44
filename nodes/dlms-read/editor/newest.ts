// What the node has sent of each profile (range "new"), and the button that forgets it.
import type { EditedNode } from "../../editor/red";
import { t } from "./texts";

interface NewestRow {
  readonly meter: string;
  readonly logicalName: string;
  readonly time: string;
}

function show(rows: readonly NewestRow[]): void {
  const text = rows.map(({ meter, logicalName, time }) => t("newest.row", { meter, profile: logicalName, time }));
  $("#dlms-read-newest").text(text.length === 0 ? t("newest.none") : text.join("; "));
  $("#dlms-read-newest-reset").prop("disabled", rows.length === 0);
}

/** A node that is not deployed has sent nothing. */
export function prepareNewest(node: EditedNode): void {
  const path = `dlms/newest/${encodeURIComponent(node.id)}`;
  show([]);
  void $.getJSON(path).done((rows: readonly NewestRow[]) => {
    show(rows);
  });
  $("#dlms-read-newest-reset").on("click", () => {
    void $.post(`${path}/reset`)
      .done(() => {
        show([]);
      })
      .fail(() => {
        $("#dlms-read-newest").text(t("newest.failed"));
      });
  });
}
