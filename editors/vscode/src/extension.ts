import { commands, type ExtensionContext, window, workspace } from "vscode";
import { SELECTOR, Server } from "./server";
import { AT_START } from "./settings";
import { Status } from "./status";

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const log = window.createOutputChannel("mongolint", { log: true });
  const status = new Status(SELECTOR);
  const running = new Server(status, log);
  server = running;
  context.subscriptions.push(
    log,
    status,
    commands.registerCommand("mongolint.fixAll", fixAll),
    commands.registerCommand("mongolint.restart", () => running.restart()),
    commands.registerCommand("mongolint.showLog", () => log.show()),
    workspace.onDidChangeConfiguration(async (change) => {
      if (AT_START.some((name) => change.affectsConfiguration(name))) {
        await running.refresh();
      }
    }),
    // Now the project's own environment may be used
    workspace.onDidGrantWorkspaceTrust(() => running.refresh()),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
  server = undefined;
}

/** Lets the editor ask for the file's fix-all action, and apply it. */
async function fixAll(): Promise<void> {
  await commands.executeCommand("editor.action.codeAction", { kind: "source.fixAll.mongolint", apply: "first" });
}
