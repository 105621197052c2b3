import * as os from "node:os";
import * as path from "node:path";

/** What is started: a program and its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** What the choice of the program depends on besides the settings. */
export interface Surroundings {
  /** The paths of the workspace folders, the first one first. */
  readonly folders: readonly string[];
  /** Whether the user trusts what lies in those folders. */
  readonly trusted: boolean;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  exists(file: string): boolean;
}

const ENVIRONMENTS = [".venv", "venv"];

/** The server's command: the one that is set, the one of the project's environment, or the one on the PATH. */
export function serverCommand(setPath: string, args: readonly string[], around: Surroundings): Command {
  const program = setPath.trim() ? expand(setPath.trim(), around) : (fromEnvironment(around) ?? "mongolint");
  return { program, args: args.map((each) => substitute(each, around)) };
}

/** The file that is run for a program: itself, or what the PATH has under a bare name. */
export function located(program: string, around: Surroundings): string | undefined {
  const { delimiter, join } = paths(around);
  const folders = isFile(program) ? [""] : (around.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const endings = around.platform === "win32" ? ["", ".exe"] : [""];
  return folders
    .flatMap((folder) => endings.map((ending) => (folder ? join(folder, program + ending) : program + ending)))
    .find((file) => around.exists(file));
}

function isFile(program: string): boolean {
  return /[\\/]/.test(program);
}

function expand(written: string, around: Surroundings): string {
  const home = around.env["HOME"] ?? around.env["USERPROFILE"] ?? os.homedir();
  const text = substitute(written.replace(/^~(?=[\\/]|$)/, () => home), around);
  const first = around.folders[0];
  const relative = isFile(text) && !paths(around).isAbsolute(text);
  return relative && first !== undefined ? paths(around).join(first, text) : text;
}

function substitute(text: string, around: Surroundings): string {
  return text
    .replaceAll("${workspaceFolder}", () => around.folders[0] ?? "")
    .replace(/\$\{env:(\w+)\}/g, (_, name: string) => around.env[name] ?? "");
}

function fromEnvironment(around: Surroundings): string | undefined {
  if (!around.trusted) {
    return undefined;
  }
  const inside = around.platform === "win32" ? ["Scripts", "mongolint.exe"] : ["bin", "mongolint"];
  return around.folders
    .flatMap((folder) => ENVIRONMENTS.map((name) => paths(around).join(folder, name, ...inside)))
    .find((file) => around.exists(file));
}

function paths(around: Surroundings): path.PlatformPath {
  return around.platform === "win32" ? path.win32 : path.posix;
}
