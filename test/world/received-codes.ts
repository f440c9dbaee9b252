// The codes of the refusals that the clients of journeys have really received, whatever their tests say: kept in one file per
// run, and compared with the closed list when all journeys have run (global-setup.ts, or dev/test.ts where they run in parts).

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { errorKinds } from '#core/errors.ts'

/** Codes of the closed list that no request can be answered with today, each with its reason. */
export const unprovoked: { readonly [code: string]: string } = {
  unpriced_model: 'the catalog refuses models without a price when it loads',
  model_not_available: 'every listed model can be called; catalog.test.ts has one that cannot',
  internal: 'a fault of ours by definition; the gateway tests in workerd plant one',
}

/** Names the file; only set while journeys run. */
export const codesFileName = 'RECEIVED_CODES'

/** The file of one run. */
export class ReceivedCodes {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-codes-'))
  readonly file = join(this.#folder, 'received')

  constructor() {
    writeFileSync(this.file, '')
  }

  /** What no client of this run has received. */
  missing(): string[] {
    return missingCodes(readFileSync(this.file, 'utf8'))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** Of this process, so that a storm of one refusal is one line. */
const kept = new Set<string>()

export function keepReceived(code: unknown): void {
  const file = process.env[codesFileName]
  if (file === undefined || typeof code !== 'string' || kept.has(code)) return
  kept.add(code)
  appendFileSync(file, `${code}\n`)
}

/** What `text`, the file of a run, lacks. */
export function missingCodes(text: string): string[] {
  const received = new Set(text.split('\n'))
  return Object.keys(errorKinds).filter((code) => unprovoked[code] === undefined && !received.has(code))
}

/** False for a run of other tests than journeys, of some files or of some names, and for one in which something failed already. */
export async function isWholeRun(project: TestProject): Promise<boolean> {
  if (project.name !== 'journeys') return false
  const { testFiles } = await project.globTestFiles()
  const passed = project.vitest.state
    .getTestModules()
    .filter((module) => module.project.name === project.name && module.ok())
  return passed.length === testFiles.length && project.vitest.config.testNamePattern === undefined
}
