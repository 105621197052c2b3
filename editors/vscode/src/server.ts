import { existsSync } from "node:fs";
import { commands, type Disposable, type DocumentSelector, type LogOutputChannel, window, workspace } from "vscode";
import { LanguageClient, type LanguageClientOptions, State } from "vscode-languageclient/node";
import { located, serverCommand, type Surroundings } from "./command";
import { SECTION, type Settings, settings } from "./settings";
import type { Status } from "./status";

/** Files and unsaved buffers; not the cells of notebooks. */
export const SELECTOR = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
] satisfies DocumentSelector;

/** The language server, or none: starts and stops are carried out one after the other. */
export class Server implements Disposable {
  private client: LanguageClient | undefined;
  private started = "";
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly status: Status,
    private readonly log: LogOutputChannel,
  ) {}

  /** Stops the server if it runs, and starts it as the settings are now. */
  restart(): Promise<void> {
    return this.then(() => this.renew());
  }

  /** The same, unless it runs as the settings are now. */
  refresh(): Promise<void> {
    return this.then(async () => {
      if (this.client === undefined || this.started !== wanted()) {
        await this.renew();
      }
    });
  }

  stop(): Promise<void> {
    return this.then(() => this.end());
  }

  dispose(): void {
    void this.stop();
  }

  private then(step: () => Promise<void>): Promise<void> {
    this.last = this.last.then(step, step);
    return this.last;
  }

  private async renew(): Promise<void> {
    await this.end();
    const now = settings();
    this.started = wanted();
    if (now.enable) {
      await this.begin(now);
    } else {
      this.status.show("off", "mongolint.enable is false");
    }
  }

  private async begin(now: Settings): Promise<void> {
    const around = surroundings();
    const command = serverCommand(now.path, now.args, around);
    const shown = [command.program, ...command.args].join(" ");
    this.log.info(`starting ${shown}`);
    this.status.show("starting", shown);
    if (located(command.program, around) === undefined) {
      this.failed(`there is no ${command.program}`);
      void this.offerHelp(command.program);
      return;
    }
    const client = new LanguageClient(
      SECTION,
      "mongolint",
      { command: command.program, args: [...command.args] },
      this.options(now),
    );
    client.onDidChangeState(({ newState }) => {
      if (client === this.client && newState === State.Stopped) {
        this.status.show("failed", "the server has ended");
      } else if (newState === State.Running) {
        const version = client.initializeResult?.serverInfo?.version ?? "";
        this.status.show("running", [version, shown].filter(Boolean).join(" · "));
      }
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      // The client library has told the user
      this.client = undefined;
      this.failed(error instanceof Error ? error.message : String(error));
    }
  }

  private options(now: Settings): LanguageClientOptions {
    return {
      documentSelector: SELECTOR,
      initializationOptions: { inlayHints: now.inlayHints },
      synchronize: { configurationSection: SECTION },
      outputChannel: this.log,
      diagnosticCollectionName: SECTION,
    };
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client) {
      try {
        await client.dispose();
      } catch (error) {
        // One that failed to start, or has crashed, is gone as well
        this.log.warn(`stopping: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  private failed(why: string): void {
    this.log.error(why);
    this.status.show("failed", why);
  }

  private async offerHelp(program: string): Promise<void> {
    const open = "Open Settings";
    const message = `There is no ${program}. Install it with pip install "mongolint[lsp]", or set mongolint.path.`;
    if ((await window.showErrorMessage(message, open)) === open) {
      await commands.executeCommand("workbench.action.openSettings", "mongolint.path");
    }
  }
}

/** What makes a new start necessary when it changes. */
function wanted(): string {
  const now = settings();
  return JSON.stringify([now.enable, serverCommand(now.path, now.args, surroundings())]);
}

function surroundings(): Surroundings {
  const folders = (workspace.workspaceFolders ?? []).filter((each) => each.uri.scheme === "file");
  return {
    folders: folders.map((each) => each.uri.fsPath),
    trusted: workspace.isTrusted,
    platform: process.platform,
    env: process.env,
    exists: existsSync,
  };
}
