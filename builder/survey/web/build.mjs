// Bundles src/ into ../static/: three files that load nothing from anywhere else.
import { build } from "esbuild";

await build({
  entryPoints: ["src/survey.ts", "src/survey.css", "src/index.html"],
  outdir: "../static",
  bundle: true,
  minify: true,
  target: "es2022",
  format: "iife",
  loader: { ".html": "copy" },
  legalComments: "eof", // the licenses of what is bundled
  logLevel: "warning",
});
