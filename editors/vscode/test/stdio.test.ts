// The real server, started as the extension starts it: MONGOLINT names the program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { TextDocument } from "vscode-languageserver-textdocument";
import {
  type CodeAction,
  CodeActionRequest,
  createProtocolConnection,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { serverCommand } from "../src/command";

const TEXT = `from pymongo import MongoClient

shop = MongoClient(timeoutMS=5000).shop


def find(order_id):
    return shop.orders.find_one({"_id": order_id})  # noqa: MDB101
`;

const program = process.env["MONGOLINT"];

const options = { skip: !program, timeout: 60_000 };

test("the server answers on standard input and output, and ends", options, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "mongolint-"));
  const file = join(folder, "orders.py");
  writeFileSync(file, TEXT);
  const command = serverCommand(program ?? "", ["lsp"], {
    folders: [folder],
    trusted: true,
    platform: process.platform,
    env: process.env,
    exists: () => false,
  });
  const server = spawn(command.program, command.args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(server, "exit");
  context.after(() => {
    server.kill();
    rmSync(folder, { recursive: true });
  });
  const connection = createProtocolConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const uri = pathToFileURL(file).href;
  const found = new Promise<PublishDiagnosticsParams>((resolve) => {
    connection.onNotification(PublishDiagnosticsNotification.type, (sent) => {
      if (sent.uri === uri && sent.diagnostics.length > 0) {
        resolve(sent);
      }
    });
  });
  connection.listen();
  const { capabilities } = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "shop" }],
    capabilities: { textDocument: { publishDiagnostics: { relatedInformation: true } } },
    initializationOptions: { inlayHints: false },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "python", version: 1, text: TEXT },
  });
  const { diagnostics } = await found;
  assert.deepEqual(diagnostics.map((each) => [each.source, each.code]), [["mongolint", "MDB900"]]);

  // The extension's commands must not bear the names of the server's: the client library registers those
  const taken = capabilities.executeCommandProvider?.commands ?? [];
  const own = ["mongolint.fixAll", "mongolint.restart", "mongolint.showLog"];
  assert.deepEqual(own.filter((each) => taken.includes(each)), []);

  // What the command "fix all" and a save ask for
  const actions = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri },
    range: { start: { line: 0, character: 0 }, end: { line: TEXT.split("\n").length, character: 0 } },
    context: { diagnostics: [], only: ["source.fixAll.mongolint"] },
  });
  const [action] = (actions ?? []) as CodeAction[];
  assert.equal(actions?.length, 1);
  assert.equal(action?.kind, "source.fixAll.mongolint");
  const edits = action.edit?.changes?.[uri] ?? [];
  const fixed = TextDocument.applyEdits(TextDocument.create(uri, "python", 1, TEXT), edits);
  assert.equal(fixed, TEXT.replace("  # noqa: MDB101", ""));

  await connection.sendRequest(ShutdownRequest.type);
  await connection.sendNotification(ExitNotification.type);
  assert.deepEqual(await ended, [0, null]);
  connection.dispose();
});
