import { workspace } from "vscode";

export const SECTION = "mongolint";

export interface Settings {
  readonly enable: boolean;
  readonly path: string;
  readonly args: readonly string[];
  readonly inlayHints: boolean;
}

/** Those that count only when the server is started: the client library sends it the others when they change. */
export const AT_START = ["enable", "path", "args"].map((name) => `${SECTION}.${name}`);

export function settings(): Settings {
  const read = workspace.getConfiguration(SECTION);
  return {
    enable: read.get("enable", true),
    path: read.get("path", ""),
    args: read.get("args", ["lsp"]),
    inlayHints: read.get("inlayHints", false),
  };
}
