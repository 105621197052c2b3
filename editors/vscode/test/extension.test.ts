import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { ExtensionContext } from "vscode";
import { activate, deactivate } from "../src/extension";
import { settings } from "../src/settings";
import { clients, next, State } from "./client";
import { editor, LanguageStatusSeverity, type StatusItem, workspace } from "./vscode";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));

// The program is looked for, and not started
const programs = mkdtempSync(join(tmpdir(), "mongolint-"));
const subscriptions: { dispose(): unknown }[] = [];

function context(): ExtensionContext {
  return { subscriptions } as unknown as ExtensionContext;
}

function last() {
  const client = clients.at(-1);
  assert.ok(client);
  return client;
}

function status(): StatusItem {
  const item = editor.statuses[0];
  assert.ok(item);
  return item;
}

async function run(command: string): Promise<void> {
  const found = editor.commands.get(command);
  assert.ok(found, command);
  await found();
}

before(() => {
  writeFileSync(join(programs, "mongolint"), "");
  process.env["PATH"] = [programs, process.env["PATH"]].join(delimiter);
});

after(() => rmSync(programs, { recursive: true }));

beforeEach(() => {
  editor.reset();
  clients.length = 0;
  next.failure = undefined;
  next.wait = Promise.resolve();
});

afterEach(async () => {
  await deactivate();
  subscriptions.splice(0).forEach((each) => each.dispose());
});

test("starts the server with the settings", async () => {
  editor.settings["mongolint.path"] = "node";
  editor.settings["mongolint.args"] = ["-m", "mongolint", "lsp"];
  editor.settings["mongolint.inlayHints"] = true;
  await activate(context());
  assert.deepEqual(last().server, { command: "node", args: ["-m", "mongolint", "lsp"] });
  assert.deepEqual(last().options["initializationOptions"], { inlayHints: true });
  assert.deepEqual(last().options["synchronize"], { configurationSection: "mongolint" });
  assert.equal(last().id, "mongolint");
  assert.ok(last().running);
});

test("asks for files and untitled buffers, and for nothing else", async () => {
  await activate(context());
  const selector = last().options["documentSelector"] as { scheme: string; language: string }[];
  assert.deepEqual(selector.map((each) => each.scheme).sort(), ["file", "untitled"]);
  assert.deepEqual([...new Set(selector.map((each) => each.language))], ["python"]);
  assert.equal(status().selector, last().options["documentSelector"]);
});

test("shows version and command while the server runs", async () => {
  await activate(context());
  assert.equal(status().detail, "1.2.3 · mongolint lsp");
  assert.equal(status().busy, false);
  assert.equal(status().command?.command, "mongolint.restart");
});

test("restarts on command, and on a change of what counts at the start", async () => {
  await activate(context());
  const first = last();
  await run("mongolint.restart");
  assert.ok(first.disposed);
  assert.equal(clients.length, 2);
  await editor.change("mongolint.args", ["lsp", "--stdio"]);
  assert.equal(clients.length, 3);
  await editor.change("mongolint.inlayHints", true);
  await editor.change("mongolint.trace.server", "verbose");
  await editor.change("editor.tabSize", 2);
  assert.equal(clients.length, 3);
  assert.equal(clients.filter((each) => each.running).length, 1);
});

test("starts that cross are carried out one after the other", async () => {
  let open = () => undefined as void;
  next.wait = new Promise<void>((resolve) => (open = resolve));
  const activated = activate(context());
  const restarted = run("mongolint.restart");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(clients.length, 1);
  open();
  await Promise.all([activated, restarted]);
  assert.deepEqual(clients.map((each) => each.running), [false, true]);
});

test("can be turned off and on", async () => {
  editor.settings["mongolint.enable"] = false;
  await activate(context());
  assert.equal(clients.length, 0);
  assert.equal(status().text, "mongolint: off");
  await editor.change("mongolint.enable", true);
  assert.ok(last().running);
  await editor.change("mongolint.enable", false);
  assert.ok(last().disposed);
  assert.equal(status().text, "mongolint: off");
});

test("a server that cannot be started is said, with a way to the log", async () => {
  next.failure = "the server ended at once";
  await activate(context());
  assert.equal(status().severity, LanguageStatusSeverity.Error);
  assert.equal(status().detail, "the server ended at once");
  assert.equal(status().command?.command, "mongolint.showLog");
  assert.deepEqual(editor.errors, [], "the client library has its own message");
  await run("mongolint.showLog");
  assert.equal(editor.logShown, 1);
  next.failure = undefined;
  await run("mongolint.restart");
  assert.ok(last().running);
  assert.equal(status().severity, LanguageStatusSeverity.Information);
});

test("a program that is not there is said once, with a way to the setting", async () => {
  editor.answer = "Open Settings";
  editor.settings["mongolint.enable"] = false;
  await activate(context());
  editor.settings["mongolint.enable"] = true;
  for (const path of ["/nowhere/mongolint", "no-such-program"]) {
    await editor.change("mongolint.path", path);
    assert.equal(clients.length, 0);
    assert.equal(status().detail, `there is no ${path}`);
    assert.match(editor.errors.at(-1) ?? "", new RegExp(`no ${path}\\. .*pip install.*mongolint\\.path`));
    assert.deepEqual(editor.executed.at(-1), ["workbench.action.openSettings", "mongolint.path"]);
  }
  assert.equal(editor.errors.length, 2);
});

test("a server that ends by itself is said; one that is stopped is not", async () => {
  await activate(context());
  const first = last();
  first.became(State.Stopped);
  assert.equal(status().detail, "the server has ended");
  await run("mongolint.restart");
  first.became(State.Stopped);
  assert.equal(status().text, "mongolint");
});

test("what the folder holds is started once the folder is trusted", async () => {
  const folder = join(programs, "shop");
  mkdirSync(join(folder, ".venv", "bin"), { recursive: true });
  writeFileSync(join(folder, ".venv", "bin", "mongolint"), "");
  workspace.isTrusted = false;
  workspace.workspaceFolders = [{ uri: { scheme: "file", fsPath: folder } }];
  await activate(context());
  assert.equal(last().server.command, "mongolint");
  await editor.trust();
  assert.equal(last().server.command, join(folder, ".venv", "bin", "mongolint"));
  assert.deepEqual(clients.map((each) => each.running), [false, true]);
});

test("a change that changes nothing leaves the server alone", async () => {
  await activate(context());
  await editor.trust();
  await editor.change("mongolint.args", ["lsp"]);
  assert.equal(clients.length, 1);
});

test("fix all asks the editor for the server's own kind", async () => {
  await activate(context());
  await run("mongolint.fixAll");
  assert.deepEqual(editor.executed, [
    ["editor.action.codeAction", { kind: "source.fixAll.mongolint", apply: "first" }],
  ]);
});

test("stops the server when the editor closes", async () => {
  await activate(context());
  await deactivate();
  assert.ok(last().disposed);
});

test("the manifest declares the commands that there are", async () => {
  await activate(context());
  const declared = manifest.contributes.commands.map((each: { command: string }) => each.command);
  assert.deepEqual(declared.sort(), [...editor.commands.keys()].sort());
});

test("the manifest's defaults are those of the code", () => {
  const properties = manifest.contributes.configuration.properties;
  const { "mongolint.trace.server": trace, ...own } = properties;
  assert.deepEqual(trace.enum, ["messages", "verbose"]);
  const declared = Object.fromEntries(
    Object.entries(own).map(([name, property]) => [name, (property as { default: unknown }).default]),
  );
  const used = Object.entries(settings()).map(([name, value]) => [`mongolint.${name}`, value]);
  assert.deepEqual(declared, Object.fromEntries(used));
});

test("a folder that is not trusted cannot choose the program", () => {
  const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  assert.equal(supported, "limited");
  assert.deepEqual(restrictedConfigurations, ["mongolint.path", "mongolint.args"]);
});
