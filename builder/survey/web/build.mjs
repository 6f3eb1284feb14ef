// Bundles src/ into ../static/: files that load nothing from anywhere else, and the licenses of what is in them.
import { readFile, readdir, writeFile } from "node:fs/promises";

import { build } from "esbuild";

const OUT = "../static";

const { metafile } = await build({
  entryPoints: ["src/survey.ts", "src/survey.css", "src/index.html"],
  outdir: OUT,
  bundle: true,
  minify: true,
  target: "es2022",
  format: "iife",
  loader: { ".html": "copy" },
  metafile: true,
  logLevel: "warning",
});

async function license(folder) {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`));
  const files = (await readdir(folder)).filter((file) => /^licen[cs]e/i.test(file));
  const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, "utf-8")));
  return [`${name} ${version}: ${license}`, ...texts].join("\n\n");
}

const bundled = Object.keys(metafile.inputs).flatMap((path) => path.match(/^node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? []);
const licenses = await Promise.all([...new Set(bundled)].sort().map(license));
await writeFile(`${OUT}/licenses.txt`, licenses.join(`\n\n${"-".repeat(72)}\n\n`));
