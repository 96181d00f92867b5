// Writes archspec/studio/page/codemirror.js, one module without any import, and the licences of what is in it.
// The first line of the module names what it was made of; tests/studio/page/test_editor_file.py holds it to these files.
import {createHash} from "node:crypto";
import {readFileSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = join(HERE, "../../archspec/studio/page");
const MADE_OF = ["package-lock.json", "entry.js", "build.js"];

const made = await build({
  absWorkingDir: HERE,
  entryPoints: ["entry.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  write: false,
  metafile: true,
});
const packages = new Set();
for (const name of Object.keys(made.metafile.inputs)) {
  const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name);
  if (found) packages.add(found[1]);
}
const licences = [...packages].sort().map((name) => {
  const {version, license} = JSON.parse(readFileSync(join(HERE, "node_modules", name, "package.json"), "utf8"));
  const text = readFileSync(join(HERE, "node_modules", name, "LICENSE"), "utf8");
  return `${name} ${version}, ${license}\n\n${text.trim()}\n`;
});
const digest = createHash("sha256");
for (const name of MADE_OF) digest.update(readFileSync(join(HERE, name)));
const of = `sha256:${digest.digest("hex")}`;
const head = `// CodeMirror 6 (MIT, see codemirror_licences.txt), made by \`make studio-page\` of ${of}\n`;
writeFileSync(join(PAGE, "codemirror.js"), head + made.outputFiles[0].text);
writeFileSync(join(PAGE, "codemirror_licences.txt"), licences.join(`\n${"-".repeat(78)}\n\n`));
