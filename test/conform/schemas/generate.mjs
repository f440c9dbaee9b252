// `npm run schemas`: makes openai.json, anthropic.json and stripe.json from the vendors' own types, so that what they say of their formats,
// and not what we think of them, judges ours. Plain JavaScript, because the generator and the compiler that it needs are
// installed beside this file and nowhere else.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createGenerator } from 'ts-json-schema-generator'
import { closedDefinitions } from './closed.mjs'

const folder = import.meta.dirname
const require = createRequire(import.meta.url)

for (const [name, packageName] of [
  ['openai', 'openai'],
  ['anthropic', '@anthropic-ai/sdk'],
  ['stripe', 'stripe'],
]) {
  const generator = createGenerator({
    path: join(folder, `${name}-types.ts`),
    tsconfig: join(folder, 'tsconfig.json'),
    type: '*',
    expose: 'all',
    jsDoc: 'none',
    // A field that the vendor's type does not know is a difference; schemas-of-wire.ts lists those that are meant.
    additionalProperties: false,
    encodeRefs: false,
    skipTypeCheck: true,
  })
  const made = generator.createSchema('*').definitions
  const definitions = name === 'stripe' ? closedDefinitions(made) : made
  // One definition a line: a new version of a package shows in a diff what it changed.
  const lines = Object.entries(definitions)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, schema]) => `${JSON.stringify(key)}: ${JSON.stringify(schema)}`)
  const from = `${packageName} ${versionOf(packageName)}`
  const text = `{ "from": ${JSON.stringify(from)}, "definitions": {\n${lines.join(',\n')}\n} }\n`
  writeFileSync(join(folder, `${name}.json`), text)
  process.stdout.write(`${name}.json: ${lines.length} definitions of ${from}\n`)
}

function versionOf(packageName) {
  // Not every package exports its package.json.
  let at = dirname(require.resolve(packageName))
  for (;;) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
      if (name === packageName) return version
    } catch {
      // The next folder up has it.
    }
    at = dirname(at)
  }
}
