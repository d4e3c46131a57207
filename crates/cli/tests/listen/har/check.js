// `node check.js FILE` in a folder with the packages: exit status 0 when FILE is a HAR 1.2.

"use strict";

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

// The packages are in the current folder, not beside this file.
const packages = createRequire(path.join(process.cwd(), "package.json"));
const Ajv = packages("ajv");
const schemas = packages("har-schema");

const ajv = new Ajv({ allErrors: true });
ajv.addMetaSchema(packages("ajv/lib/refs/json-schema-draft-06.json"));
for (const [name, schema] of Object.entries(schemas)) {
  if (name !== "har") ajv.addSchema(schema);
}
const validate = ajv.compile(schemas.har);
if (!validate(JSON.parse(fs.readFileSync(process.argv[2], "utf8")))) {
  console.error(validate.errors);
  process.exit(1);
}
