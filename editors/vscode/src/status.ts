import { type Disposable, type DocumentSelector, LanguageStatusSeverity, languages } from "vscode";

export type Health = "off" | "starting" | "running" | "failed";

const TEXTS: Record<Health, string> = {
  off: "mongolint: off",
  starting: "mongolint",
  running: "mongolint",
  failed: "mongolint: not running",
};

/** The entry among the language's statuses: how the server is, and the command that helps. */
export class Status implements Disposable {
  private readonly item;

  constructor(selector: DocumentSelector) {
    this.item = languages.createLanguageStatusItem("mongolint", selector);
    this.item.name = "mongolint";
    this.show("off", "mongolint.enable is false");
  }

  show(health: Health, detail: string): void {
    this.item.text = TEXTS[health];
    this.item.detail = detail;
    this.item.busy = health === "starting";
    this.item.severity = health === "failed" ? LanguageStatusSeverity.Error : LanguageStatusSeverity.Information;
    this.item.command =
      health === "failed"
        ? { command: "mongolint.showLog", title: "Show log" }
        : { command: "mongolint.restart", title: "Restart" };
  }

  dispose(): void {
    this.item.dispose();
  }
}
