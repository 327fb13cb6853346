// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

// Runs the published dbos-cloud CLI's own packing code. The function is not
// exported, so a copy of its module that exports it is written beside it.
//
// node pack.mjs PACKAGE_DIRECTORY < jobs.json > results.json
// A job is {dir, ignore?, config?, zip?}: ignore is written to .dbosignore
// first; with zip the archive goes there, else the names of the files that
// would be packed are the result. A job that throws has the message in error.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = path.join(process.argv[2], 'dist', 'applications');
const original = fs.readFileSync(path.join(dist, 'deploy-app-code.js'), 'utf8');
const marker = 'files.forEach((file) => {';
if (!original.includes(marker)) {
  throw new Error('the CLI packs in another way than this script knows');
}
const patched = original.replace(marker, `if (globalThis.listOnly) { return files.map((f) => path.relative(process.cwd(), f)); }\n    ${marker}`);
const copy = path.join(dist, `packing-${process.pid}.js`);
fs.writeFileSync(copy, patched + '\nexport { createZipData };\n');
let createZipData;
try {
  ({ createZipData } = await import(pathToFileURL(copy)));
} finally {
  fs.unlinkSync(copy);
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const input = [];
for await (const chunk of process.stdin) {
  input.push(chunk);
}
const results = [];
for (const job of JSON.parse(Buffer.concat(input).toString())) {
  process.chdir(job.dir);
  if (job.ignore !== undefined) {
    fs.writeFileSync('.dbosignore', job.ignore);
  }
  globalThis.listOnly = !job.zip;
  try {
    const result = await createZipData(logger, job.config ?? 'dbos-config.yaml');
    if (job.zip) {
      fs.writeFileSync(job.zip, Buffer.from(result, 'base64'));
      results.push({});
    } else {
      results.push({ files: result });
    }
  } catch (e) {
    results.push({ error: String(e.message) });
  }
}
process.stdout.write(JSON.stringify(results));
