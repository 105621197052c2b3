// Stands for the client library in tests: starts nothing, and remembers what it was asked for.

export const State = { Stopped: 1, Running: 2, Starting: 3 } as const;

interface Change {
  newState: number;
}

export const clients: LanguageClient[] = [];

/** What the next start does. */
export const next = { failure: undefined as string | undefined, wait: Promise.resolve() as Promise<unknown> };

export class LanguageClient {
  running = false;
  disposed = false;
  initializeResult = { serverInfo: { name: "mongolint", version: "1.2.3" } };
  private listeners: ((change: Change) => void)[] = [];

  constructor(
    readonly id: string,
    readonly name: string,
    readonly server: { command: string; args: string[] },
    readonly options: Record<string, unknown>,
  ) {
    clients.push(this);
  }

  onDidChangeState(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  async start(): Promise<void> {
    await next.wait;
    if (next.failure !== undefined) {
      throw new Error(next.failure);
    }
    this.running = true;
    this.became(State.Running);
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.running = false;
    this.became(State.Stopped);
  }

  became(newState: number): void {
    this.listeners.forEach((listener) => listener({ newState }));
  }
}
