// Lets plain Node load the shipped files: the platform's module and Stripe's are stand-ins, Postgres is a model behind the
// files that speak SQL, and a planted bug changes the text of one shipped file as it is loaded. Nothing of this is in src/.

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

import type { Plant } from './plants.ts'

const platform = new URL('./platform.ts', import.meta.url).href
const sdk = new URL('./sdk.ts', import.meta.url).href

const paymentFiles = [
  'payment-store',
  'invoice-store',
  'invoice-sums',
  'credited-payments',
  'lost-account',
  'billing-address',
]

/** The files that speak SQL, and who stands in for them. */
const sqlFiles = new Map(
  ['mirror', 'findings', 'epochs', 'erasure'].map((name) => modelled(`settlement/${name}`, './postgres.ts')),
)

/** Of these only what the model has is replaced: the rest is pure, or nobody's business here. */
const paymentSqlFiles = new Map(paymentFiles.map((name) => modelled(`payments/${name}`, './payment-rows.ts')))

/** A schedule writes some seventy rows: with the shipped number no start would ever begin with a snapshot. */
const oftenSnapshots: Plant = {
  name: 'a snapshot every 25 rows',
  file: 'ledger/account-engine.ts',
  find: 'const rowsPerSnapshot = 500',
  replace: 'const rowsPerSnapshot = 25',
}

/** Before the first shipped file is loaded. Throws where a plant no longer fits its file. */
export function installHooks(plant: Plant | null): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'cloudflare:workers') return { url: platform, shortCircuit: true }
      if (specifier === 'stripe') return { url: sdk, shortCircuit: true }
      const found = next(specifier, context)
      const model = sqlFiles.get(found.url)
      return model === undefined ? found : { ...found, url: model }
    },
    load(url, context, next) {
      const model = paymentSqlFiles.get(url)
      if (model !== undefined) return { format: 'module', shortCircuit: true, source: overlaid(url, model) }
      const changes = [oftenSnapshots, plant].filter(
        (change) => change !== null && url.endsWith(`/src/${change.file}`),
      )
      if (changes.length === 0) return next(url, context)
      const source = changes.reduce(
        (text, change) => (change === null ? text : planted(text, change)),
        readFileSync(fileURLToPath(url), 'utf8'),
      )
      return { format: 'module-typescript', shortCircuit: true, source }
    },
  })
}

export function planted(source: string, plant: Plant): string {
  const changed = source.replace(plant.find, () => plant.replace)
  if (changed === source) throw new Error(`The planted bug "${plant.name}" no longer fits ${plant.file}.`)
  return changed
}

function modelled(file: string, model: string): [string, string] {
  return [new URL(`../../src/${file}.ts`, import.meta.url).href, new URL(model, import.meta.url).href]
}

/** The shipped file with the model's functions in the place of its own. */
function overlaid(url: string, model: string): string {
  const shipped = namesIn(url)
  const names = [...namesIn(model)].filter((name) => shipped.has(name))
  const real = JSON.stringify(`${url}?real`)
  return `export * from ${real}\nexport { ${names.join(', ')} } from ${JSON.stringify(model)}\n`
}

function namesIn(url: string): Set<string> {
  const source = readFileSync(fileURLToPath(url), 'utf8')
  const found = source.matchAll(/^export (?:async )?(?:function|const) (?<name>\w+)/gmv)
  return new Set([...found].flatMap(({ groups }) => groups?.['name'] ?? []))
}
