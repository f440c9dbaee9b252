// `npm run prices -- FILE`: what differs between the catalog and a newer public price list. Changes nothing; a person decides.

import { readFileSync } from 'node:fs'
import { models } from '#catalog/models.ts'
import { isObject, readJson } from '#core/readers.ts'
import { comparePrices } from './price-list.ts'

const usage = `npm run prices -- FILE

Compares src/catalog/ with FILE, a price list in litellm's format (model_prices_and_context_window.json), and prints what
differs. Ends with 1 if anything does. Prices of a card are changed in src/catalog/, with their source and day.`

const [file] = process.argv.slice(2)
if (file === undefined || file === '--help') {
  say(usage)
  process.exit(file === undefined ? 2 : 0)
}

const list = readList(file)
if (typeof list === 'string') {
  say(list)
  process.exit(2)
}

const { differences, unknown, compared } = comparePrices(models, list)
for (const line of differences) say(line)
say(`${compared} of ${models.length} models are in the list, ${differences.length} figures differ.`)
if (unknown.length > 0) say(`Not in the list: ${unknown.join(', ')}`)
process.exitCode = differences.length === 0 ? 0 : 1

function readList(path: string) {
  try {
    const read = readJson(readFileSync(path, 'utf8'))
    return isObject(read) ? read : `${path} is no JSON object of models.`
  } catch (cause) {
    return `${path} cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
