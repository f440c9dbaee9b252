// Seeds that once broke a promise: run first, every time, for ever.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Remembered = { readonly seed: number; readonly found: string }

const file = join(import.meta.dirname, 'corpus.json')

export function readCorpus(): readonly Remembered[] {
  if (!existsSync(file)) return []
  const corpus: readonly Remembered[] = JSON.parse(readFileSync(file, 'utf8'))
  return corpus
}

export function remember(seed: number, found: string): void {
  const corpus = readCorpus()
  if (corpus.some((known) => known.seed === seed)) return
  writeFileSync(file, `${JSON.stringify([...corpus, { seed, found }], null, 2)}\n`)
}
