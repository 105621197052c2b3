// Stands for the editor's API in tests: what the extension uses of it, and no more.

export const LanguageStatusSeverity = { Information: 0, Warning: 1, Error: 2 } as const;

type Listener<T> = (event: T) => unknown;

class Emitter<T> {
  private listeners: Listener<T>[] = [];

  readonly event = (listener: Listener<T>) => {
    this.listeners.push(listener);
    return { dispose: () => void (this.listeners = this.listeners.filter((each) => each !== listener)) };
  };

  async fire(event: T): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener(event)));
  }
}

export interface StatusItem {
  id: string;
  selector: unknown;
  name?: string;
  text?: string;
  detail?: string;
  busy?: boolean;
  severity?: number;
  command?: { command: string; title: string };
  dispose(): void;
}

const changed = new Emitter<{ affectsConfiguration(name: string): boolean }>();
const granted = new Emitter<void>();

/** What the tests set and see. */
export const editor = {
  settings: {} as Record<string, unknown>,
  commands: new Map<string, (...args: unknown[]) => unknown>(),
  executed: [] as unknown[][],
  statuses: [] as StatusItem[],
  errors: [] as string[],
  answer: undefined as string | undefined,
  logged: [] as string[],
  logShown: 0,

  reset(): void {
    this.settings = {};
    this.commands.clear();
    this.executed = [];
    this.statuses = [];
    this.errors = [];
    this.answer = undefined;
    this.logged = [];
    this.logShown = 0;
    workspace.isTrusted = true;
    workspace.workspaceFolders = undefined;
  },

  async change(name: string, value: unknown): Promise<void> {
    this.settings[name] = value;
    await changed.fire({ affectsConfiguration: (asked) => name === asked || name.startsWith(`${asked}.`) });
  },

  async trust(): Promise<void> {
    workspace.isTrusted = true;
    await granted.fire();
  },
};

export const workspace = {
  isTrusted: true,
  workspaceFolders: undefined as { uri: { scheme: string; fsPath: string } }[] | undefined,
  onDidChangeConfiguration: changed.event,
  onDidGrantWorkspaceTrust: granted.event,
  getConfiguration: (section: string) => ({
    get: (name: string, standard: unknown) => editor.settings[`${section}.${name}`] ?? standard,
  }),
};

export const window = {
  createOutputChannel: () => ({
    info: (text: string) => editor.logged.push(text),
    warn: (text: string) => editor.logged.push(text),
    error: (text: string) => editor.logged.push(text),
    show: () => void (editor.logShown += 1),
    dispose: () => undefined,
  }),
  showErrorMessage: async (text: string) => {
    editor.errors.push(text);
    return editor.answer;
  },
};

export const languages = {
  createLanguageStatusItem: (id: string, selector: unknown): StatusItem => {
    const item: StatusItem = { id, selector, dispose: () => undefined };
    editor.statuses.push(item);
    return item;
  },
};

export const commands = {
  registerCommand: (name: string, run: (...args: unknown[]) => unknown) => {
    if (editor.commands.has(name)) {
      throw new Error(`command '${name}' already exists`);
    }
    editor.commands.set(name, run);
    return { dispose: () => editor.commands.delete(name) };
  },
  executeCommand: async (...args: unknown[]) => void editor.executed.push(args),
};
