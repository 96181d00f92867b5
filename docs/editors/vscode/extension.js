// Starts `archspec lsp` for YAML files. The server looks into those alone that are specs.
const { existsSync } = require("fs");
const { delimiter, join, resolve } = require("path");
const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const SETTING = "archspec.command";
const SUFFIXES = process.platform === "win32" ? ["", ".exe", ".cmd"] : [""];

let client;

/** Whether a program is there: at a path from a folder, or by its name on the PATH. */
function isThere(program, folder) {
  const folders = /[\\/]/.test(program) ? [folder ?? ""] : (process.env.PATH ?? "").split(delimiter);
  return folders.some((each) => SUFFIXES.some((suffix) => existsSync(resolve(each, program + suffix))));
}

/** What starts the server: the setting, else the archspec of the folder's virtual environment, else that on the PATH. */
function commandIn(folder) {
  const said = workspace.getConfiguration().get(SETTING);
  if (said.length) {
    return said;
  }
  const own = [join(".venv", "bin", "archspec"), join(".venv", "Scripts", "archspec.exe")];
  const found = folder && own.map((each) => join(folder, each)).find((each) => existsSync(each));
  return [found ?? "archspec", "lsp"];
}

/** An editor that was not started from a shell knows no virtual environment: it is told where to name it. */
async function missing(program) {
  const open = "Open the setting";
  const told = `The program ${program} was not found: the setting ${SETTING} says which archspec is started.`;
  if ((await window.showErrorMessage(told, open)) === open) {
    await commands.executeCommand("workbench.action.openSettings", SETTING);
  }
}

async function start() {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  const [command, ...args] = commandIn(folder);
  if (!isThere(command, folder)) {
    missing(command); // not awaited: the extension is active while the message stands
    return;
  }
  client = new LanguageClient(
    "archspec",
    { command, args, options: { cwd: folder } },
    { documentSelector: ["file", "untitled"].map((scheme) => ({ scheme, language: "yaml" })) },
  );
  await client.start();
}

async function stop() {
  const stopped = client;
  client = undefined;
  await stopped?.stop();
}

exports.activate = async (context) => {
  context.subscriptions.push(workspace.onDidChangeConfiguration(async (event) => {
    if (event.affectsConfiguration(SETTING)) {
      await stop().catch(() => {}); // one that did not start cannot be stopped
      await start();
    }
  }));
  await start();
};

exports.deactivate = stop;
