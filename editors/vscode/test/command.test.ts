import assert from "node:assert/strict";
import { test } from "node:test";
import { located, serverCommand, type Surroundings } from "../src/command";

function around(changes: Partial<Surroundings> = {}): Surroundings {
  return {
    folders: ["/srv/shop", "/srv/lib"],
    trusted: true,
    platform: "linux",
    env: { HOME: "/home/ann", TOOLS: "/opt/tools" },
    exists: () => false,
    ...changes,
  };
}

function program(path: string, changes: Partial<Surroundings> = {}): string {
  return serverCommand(path, ["lsp"], around(changes)).program;
}

test("a bare name is left to the PATH", () => {
  assert.deepEqual(serverCommand("", ["lsp"], around()), { program: "mongolint", args: ["lsp"] });
  assert.equal(program("mongolint-dev"), "mongolint-dev");
});

test("the environment of the first folder that has one comes before the PATH", () => {
  assert.equal(program("", { exists: (file) => file.startsWith("/srv/") }), "/srv/shop/.venv/bin/mongolint");
  assert.equal(program("", { exists: (file) => file.startsWith("/srv/lib/venv/") }), "/srv/lib/venv/bin/mongolint");
});

test("on Windows the environment has other folders", () => {
  const changes: Partial<Surroundings> = { platform: "win32", folders: ["C:\\shop"], exists: () => true };
  assert.equal(program("", changes), "C:\\shop\\.venv\\Scripts\\mongolint.exe");
  assert.equal(program("tools\\mongolint.exe", changes), "C:\\shop\\tools\\mongolint.exe");
  assert.equal(program("D:\\mongolint.exe", changes), "D:\\mongolint.exe");
});

test("nothing of a folder is started before it is trusted", () => {
  assert.equal(program("", { trusted: false, exists: () => true }), "mongolint");
});

test("variables and the home folder are replaced", () => {
  assert.equal(program("~/bin/mongolint"), "/home/ann/bin/mongolint");
  assert.equal(program("${workspaceFolder}/env/bin/mongolint"), "/srv/shop/env/bin/mongolint");
  assert.equal(program("${env:TOOLS}/mongolint"), "/opt/tools/mongolint");
  assert.equal(program("${env:NOT_SET}mongolint"), "mongolint");
  assert.deepEqual(serverCommand("python3", ["-m", "mongolint", "${workspaceFolder}"], around()).args, [
    "-m",
    "mongolint",
    "/srv/shop",
  ]);
});

test("a relative path starts at the first folder, and a replaced text is taken as it is", () => {
  assert.equal(program("env/bin/mongolint"), "/srv/shop/env/bin/mongolint");
  assert.equal(program("env/bin/mongolint", { folders: [] }), "env/bin/mongolint");
  assert.equal(program("${workspaceFolder}/m", { folders: ["/srv/$&"] }), "/srv/$&/m");
});

test("a program is looked for where it is, or on the PATH", () => {
  const unix = around({ env: { PATH: "/usr/bin::/opt/bin" }, exists: (file) => file === "/opt/bin/mongolint" });
  assert.equal(located("mongolint", unix), "/opt/bin/mongolint");
  assert.equal(located("/opt/bin/mongolint", unix), "/opt/bin/mongolint");
  assert.equal(located("python3", unix), undefined);
  assert.equal(located("/usr/bin/mongolint", unix), undefined);
  const windows = around({
    platform: "win32",
    env: { PATH: "C:\\Windows;C:\\Python\\Scripts" },
    exists: (file) => file === "C:\\Python\\Scripts\\mongolint.exe",
  });
  assert.equal(located("mongolint", windows), "C:\\Python\\Scripts\\mongolint.exe");
  assert.equal(located("C:\\Python\\Scripts\\mongolint", windows), "C:\\Python\\Scripts\\mongolint.exe");
});
